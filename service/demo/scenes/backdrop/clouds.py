"""Clouds, on a coarse grid: heaps, streaks, and skies that are closed."""

from random import Random

import numpy as np

from service.demo.scenes.backdrop.noise import TILE, Floats, tile

__all__ = ["heaps", "overcast", "smooth", "streaks"]

_FAR = np.float32(0.16)


def smooth(value: Floats, low: float, high: float) -> Floats:
    """Return 0 below low, 1 above high, and an S-shaped change between."""
    share = np.clip((value - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    curve: Floats = share * share * (3 - 2 * share)
    return curve


def heaps(chance: Random, x: Floats, y: Floats, count: int, floor: float) -> tuple[Floats, Floats]:
    """
    Return fair-weather clouds.

    Args:
        chance: Where they are.
        x: Columns in units, shape (columns,).
        y: Rows in units from the top, shape (rows, 1).
        count: How many.
        floor: Lowest base of a cloud, in units.

    Returns:
        How much sky they hide and how light they are, 0 to 1, shape (rows, columns).
    """
    body = np.full((len(y), len(x)), -1, np.float32)
    depth = np.zeros_like(body)
    fine = _sampled(chance, x * 210, y * 210, tile(0.85))
    wide = float(x[-1])
    for number in range(count):
        far = chance.uniform(0.05, 1) if number else chance.uniform(0.5, 0.8)
        base = floor * (0.95 - 0.55 * far)
        size = 0.035 + 0.13 * far * chance.uniform(0.6, 1.1)
        centre = (number + chance.uniform(0.1, 0.9)) / count * wide
        _heap(chance, body, depth, x, y, fine, (centre, base, size))
    hidden = smooth(body, -0.04, 0.22)
    toned = np.clip(depth, 0, 1)
    return hidden, toned


def _heap(
    chance: Random,
    body: Floats,
    depth: Floats,
    x: Floats,
    y: Floats,
    fine: Floats,
    place: tuple[float, float, float],
) -> None:
    centre, base, size = place
    left, right = np.searchsorted(x, (centre - 3 * size, centre + 3 * size))
    top, low = np.searchsorted(y[:, 0], (base - 2.1 * size, base + 0.5 * size))
    if left == right or top == low:
        return
    columns, rows = x[left:right], y[top:low]
    noise = fine[top:low, left:right]
    shape = np.full((len(rows), len(columns)), -2, np.float32)
    height = np.zeros_like(shape)
    puffs = chance.randint(6, 9)
    for puff in range(puffs):
        along = (puff + 0.5) / puffs * 2 - 1
        radius = size * (0.42 + 0.62 * (1 - along * along) * chance.uniform(0.6, 1.2))
        across = (columns - (centre + along * 1.7 * size)) / radius
        down = (rows - (base - radius * chance.uniform(0.35, 0.85))) / radius
        near = 1 - across * across - down * down
        lit = 0.62 - 0.5 * down - 0.14 * across
        height = np.where(near > shape, lit, height)
        shape = np.maximum(shape, near)
    shape += 0.3 * noise
    shape = np.minimum(shape, (base - rows) / size * 2.6 + 0.25 + 0.1 * noise)
    height += 0.13 * noise
    region = body[top:low, left:right]
    depth[top:low, left:right] = np.where(shape > region, height, depth[top:low, left:right])
    np.maximum(region, shape, out=region)


def streaks(
    chance: Random, x: Floats, y: Floats, floor: float, amount: float
) -> tuple[Floats, Floats]:
    """Return long thin clouds, as `heaps` does; amount is the share of sky they hide."""
    far = floor - y + _FAR
    slant = chance.uniform(-0.25, 0.25)
    long = tile(1.05, 2.2)
    noise = _sampled(chance, x * (24 / far), (y + slant * x * 0.3) * 150, long)
    noise = noise + 0.3 * _sampled(chance, x * 100, y * 150, tile(0.8, 1.6))
    hidden = smooth(noise, 1.1 - 2.2 * amount, 2.3 - 2.2 * amount)
    lit = smooth(noise - np.roll(noise, -3, 0), -0.5, 0.6)
    return hidden * smooth(far, 0.1, 0.35), lit


def overcast(chance: Random, x: Floats, y: Floats, floor: float, relief: float) -> Floats:
    """Return how light a closed cover of cloud is, -1 to 1; relief is the size of its billows."""
    far = 1 / (np.maximum(floor - y, 0) + _FAR + 0.08)
    across = (x - x[len(x) // 2]) * far
    big = _sampled(chance, across * 26 / relief, far * 62 / relief, tile(1.15))
    small = _sampled(chance, across * 70 / relief, far * 160 / relief, tile(0.9))
    billow = 0.75 * big + 0.35 * small
    return np.clip(billow * 0.55, -1, 1)


def _sampled(chance: Random, across: Floats, down: Floats, noise: Floats) -> Floats:
    across, down = (
        np.asarray(places + chance.random() * TILE, np.float32) for places in (across, down)
    )
    left, top = np.floor(across), np.floor(down)
    along, below = across - left, down - top
    columns = [(left.astype(np.int32) + step) & (TILE - 1) for step in (0, 1)]
    rows = [((top.astype(np.int32) + step) & (TILE - 1)) * TILE for step in (0, 1)]
    flat = noise.ravel()
    upper, lower = (
        flat.take(row + columns[0]) * (1 - along) + flat.take(row + columns[1]) * along
        for row in rows
    )
    between: Floats = upper + (lower - upper) * below
    return between
