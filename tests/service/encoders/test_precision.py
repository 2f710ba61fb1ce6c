"""Which precision a model computes in: as told, or by a trial that it must pass."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from service.encoders import towers as towers_module
from service.encoders.fingerprint import fingerprint
from service.encoders.layers import TwoWays, arrange, is_convolutional
from service.encoders.models import resolve
from service.encoders.precision import has_native_bf16, is_better_halved, weights_dtype
from service.encoders.towers import Towers
from service.errors import SetupError

CPU, CUDA = torch.device("cpu"), torch.device("cuda")

can_halve = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="oneDNN has no bf16 on this CPU"
)


class Tower(nn.Module):
    """Two linear layers; in bf16 they take as long as told."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(32, 64), nn.Linear(64, 8)
        self.runs = []

    def rows(self):
        numbers = torch.linspace(-1, 1, 64).view(2, 32)
        self.runs.append(type(self.first) is not nn.Linear)
        with torch.inference_mode():
            out = self.second(torch.tanh(self.first(numbers)))
        return nn.functional.normalize(out, dim=-1).numpy()


def timed(tower, halved_s, whole_s):
    """Return a timer by which each run since the last look took so long."""
    seen = itertools.count()
    state = {"now": 0.0, "runs": next(seen)}

    def timer():
        for halved in tower.runs[state["runs"] :]:
            state["now"] += halved_s if halved else whole_s
        state["runs"] = len(tower.runs)
        return state["now"]

    return timer


def halves(tower):
    return [type(layer) is not nn.Linear for layer in (tower.first, tower.second)]


@can_halve
def test_bf16_that_is_quicker_stays():
    """A tower that takes half the time in bf16, with the same vectors, is left so."""
    tower = Tower()

    chosen = is_better_halved(
        [tower], tower.rows, must_be_quicker=True, timer=timed(tower, 0.05, 0.1)
    )

    assert chosen
    assert halves(tower) == [True, True]


@can_halve
@pytest.mark.parametrize("halved_s", [0.095, 0.1, 0.2])
def test_bf16_that_is_not_clearly_quicker_goes(halved_s):
    """A gain within the noise of a machine is none: the tower is in fp32 again."""
    tower = Tower()

    chosen = is_better_halved(
        [tower], tower.rows, must_be_quicker=True, timer=timed(tower, halved_s, 0.1)
    )

    assert not chosen
    assert halves(tower) == [False, False]


@can_halve
def test_bf16_that_is_asked_for_needs_no_trial():
    """Who asks for bf16 gets it without a race."""
    tower = Tower()

    assert is_better_halved(
        [tower], tower.rows, must_be_quicker=False, timer=timed(tower, 0.2, 0.1)
    )
    assert len(tower.runs) == 2


@can_halve
def test_bf16_that_changes_vectors_goes():
    """Vectors of replicas are mixed, so bf16 that is not as good is not taken, however quick."""
    tower = Tower()
    rows = {False: np.eye(8, dtype=np.float32), True: np.eye(8, dtype=np.float32)[::-1]}

    def run():
        return rows[halves(tower)[0]]

    assert not is_better_halved([tower], run, must_be_quicker=False)
    assert halves(tower) == [False, False]


@can_halve
def test_a_tower_that_fails_in_bf16_stays_in_fp32():
    """A model that reads its layers' weights itself is none that can be halved."""
    tower = Tower()

    def run():
        tower.first.in_features.bit_length()
        return tower.rows()

    assert not is_better_halved([tower], run, must_be_quicker=False)
    assert halves(tower) == [False, False]


@can_halve
def test_a_trial_ends_soon():
    """A tower that takes a second a run is not tried for longer than it must be."""
    tower = Tower()

    is_better_halved([tower], tower.rows, must_be_quicker=True, timer=timed(tower, 1, 2))

    assert len(tower.runs) == 2 + 2 * 2


@can_halve
def test_layers_of_other_kinds_are_left_alone():
    """What is derived from a linear layer may be read as weights by its parent."""
    attention = nn.MultiheadAttention(8, 2)

    assert len(TwoWays(attention)) == 0


@can_halve
@pytest.mark.parametrize("architecture", ["clip", "siglip", "siglip2"])
def test_vectors_in_bf16_are_as_good(request, architecture, pictures):
    """Texts and photos in bf16 agree with those in fp32, so that replicas may share them."""
    files = resolve(str(request.getfixturevalue(f"{architecture}_folder")), kind="clip")
    whole, half = (Towers.load(files, "cpu", precision) for precision in ("fp32", "bf16"))
    photos = [whole.prepare(picture) for picture in pictures]
    texts = ["a dog", "horses amidst flowers by the sea"]

    cosines = [
        (whole.images(photos) * half.images(photos)).sum(axis=1),
        (whole.texts(texts) * half.texts(texts)).sum(axis=1),
    ]

    assert np.concatenate(cosines).min() > 0.9998
    assert not np.array_equal(whole.images(photos), half.images(photos))


def test_a_machine_without_bf16_is_not_tried(clip_folder, monkeypatch):
    """Where bf16 would be emulated, a model stays in fp32 without a trial."""
    monkeypatch.setattr(towers_module, "has_native_bf16", lambda: False)
    files = resolve(str(clip_folder), kind="clip")
    left, exact = Towers.load(files, "cpu", "auto"), Towers.load(files, "cpu", "fp32")

    assert np.array_equal(left.texts(["a dog"]), exact.texts(["a dog"]))


def test_native_bf16_is_what_the_cpu_says():
    """Torch is asked, and answers on every machine."""
    assert has_native_bf16() in {True, False}


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("auto", torch.float16),
        ("fp16", torch.float16),
        ("bf16", torch.bfloat16),
        ("fp32", torch.float32),
    ],
)
def test_a_gpu_computes_in_what_it_is_told(precision, dtype):
    """On a GPU all of a model has one precision, fp16 where nothing is said."""
    assert weights_dtype(precision, CUDA) == dtype


def test_fp16_on_a_cpu_is_refused(clip_folder):
    """No CPU is quick in fp16, and that is said."""
    with pytest.raises(SetupError, match="NEARHIT_CLIP_PRECISION"):
        Towers.load(resolve(str(clip_folder), kind="clip"), "cpu", "fp16")


def test_a_model_in_bf16_throughout_has_a_fingerprint_of_its_own(clip_folder):
    """What a GPU makes in bf16 differs too much to be mixed with other vectors."""
    files = resolve(str(clip_folder), kind="clip")

    assert fingerprint(files, "bf16") != fingerprint(files)


class Convolutions(nn.Module):
    """Two steps of a convolution and its norm, the way such towers are built."""

    def __init__(self, *, crossed=False):
        super().__init__()
        chance = torch.Generator().manual_seed(0)
        self.first, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.second, self.last = nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)
        self.crossed = crossed
        for norm in (self.norm, self.last):
            norm.running_mean.normal_(generator=chance)
            norm.running_var.uniform_(0.5, 2, generator=chance)
        self.eval()

    def rows(self):
        pictures = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
        norms = (self.last, self.norm) if self.crossed else (self.norm, self.last)
        with torch.inference_mode():
            seen = torch.relu(norms[0](self.first(pictures)))
            out = norms[1](self.second(seen)).flatten(1)
        return nn.functional.normalize(out, dim=-1).numpy()


def test_convolutions_take_over_their_norms():
    """A norm that follows a convolution is folded into it, and no vector changes."""
    tower = Convolutions()
    before = tower.rows()

    arrange(tower, tower.rows)

    assert isinstance(tower.norm, nn.Identity)
    assert (before * tower.rows()).sum(axis=1).min() > 0.99999


def test_norms_that_do_not_follow_stay():
    """Layers that only lie side by side are left as they are."""
    tower = Convolutions(crossed=True)
    before = tower.rows()

    arrange(tower, tower.rows)

    assert isinstance(tower.norm, nn.BatchNorm2d)
    assert (before * tower.rows()).sum(axis=1).min() > 0.99999


def test_a_tower_of_patches_is_not_convolutional():
    """One convolution that cuts patches makes no convolutional tower."""
    assert not is_convolutional(nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 8)))
    assert is_convolutional(Convolutions())
