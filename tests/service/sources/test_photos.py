"""Bytes to pictures: what is read, how it looks, what is turned away."""

import io
import struct

import pytest
from PIL import Image

from service.demo.lookalike.faults import bomb
from service.errors import PhotoRejected
from service.sources.photos import decode_photo, media_type, photo_size, thumbnail
from tests.service.sources.doubles import jpeg, picture

PLENTY = 1_000_000


def decode(data, max_pixels=PLENTY):
    return decode_photo(data, max_pixels=max_pixels)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_formats_are_read_as_rgb(format_):
    """JPEG, PNG, WebP and GIF become RGB pictures of their size and colour."""
    image = decode(picture(format_))

    assert (image.mode, image.size) == ("RGB", (60, 40))
    assert image.getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=4)


@pytest.mark.parametrize("format_", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_rejected(format_):
    """Formats beyond the four are no photos to us."""
    with pytest.raises(PhotoRejected, match="not a photo"):
        decode(picture(format_))


def test_a_moving_gif_gives_its_first_frame():
    """Of a moving picture the first frame counts."""
    stream = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(stream, "GIF", save_all=True, append_images=[second])

    assert decode(stream.getvalue()).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("format_", "mode", "color"),
    [("PNG", "RGBA", (0, 0, 0, 0)), ("WEBP", "RGBA", (0, 0, 0, 0)), ("PNG", "LA", (0, 0))],
)
def test_transparency_lies_on_white(format_, mode, color):
    """What is transparent becomes white, not black."""
    image = decode(picture(format_, mode=mode, color=color, lossless=True))

    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_palette_colour_lies_on_white():
    """A palette's transparent colour becomes white."""
    image = decode(picture("GIF", mode="P", color=0, transparency=0))

    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_keep_their_brightness():
    """A 16-bit grey of 3/4 stays a grey of 3/4."""
    image = decode(picture("PNG", mode="I;16", color=49_152))

    assert image.getpixel((0, 0)) == (192, 192, 192)


def test_cmyk_is_converted():
    """A CMYK JPEG becomes RGB."""
    image = decode(picture("JPEG", mode="CMYK", color=(0, 0, 0, 0)))

    assert image.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "corner"), [(3, (59, 39)), (6, (39, 0)), (8, (0, 59))])
def test_exif_orientation_is_applied(format_, orientation, corner):
    """A photo stands upright: its first pixel goes where EXIF says."""
    image = Image.new("RGB", (60, 40), "white")
    image.paste("black", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    image.save(stream, format_, exif=exif)

    assert max(decode(stream.getvalue()).getpixel(corner)) < 30


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_leaves_the_photo_as_it_is():
    """EXIF that makes no sense costs the orientation, not the photo."""
    image = decode(picture("JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12"))

    assert image.size == (60, 40)


@pytest.mark.parametrize("edge", [10_000, 20_000])
def test_a_bomb_is_rejected_by_its_header(edge):
    """A small file of very many pixels is turned away by our limit, not by Pillow's."""
    with pytest.raises(PhotoRejected, match=f"{edge} by {edge} pixels"):
        decode(bomb(edge))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"\xff\xd8\xff" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP" + bytes(30),
        jpeg()[:-200],
        picture("PNG")[:-40],
        picture("WEBP")[:-20],
        picture("PNG").replace(struct.pack(">II", 60, 40), struct.pack(">II", 0, 40)),
    ],
)
def test_what_is_no_whole_photo_is_rejected(data):
    """Nothing, HTML, garbage, truncated files and pictures without pixels are rejected."""
    with pytest.raises(PhotoRejected):
        decode(data)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_truncation_ends_in_a_rejection_or_a_picture(format_):
    """However a file is cut, no other error than `PhotoRejected` comes out."""
    data = picture(format_)

    for length in range(len(data)):
        try:
            decode(data[:length])
        except PhotoRejected:
            continue


def test_photo_size_reads_the_upright_size(tmp_path):
    """The size of a sideways photo is that of the upright one."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "a.jpg"
    file.write_bytes(picture("JPEG", exif=exif))

    assert photo_size(file) == photo_size(file.read_bytes()) == (40, 60)


def test_thumbnail_fits_and_is_a_jpeg():
    """A thumbnail is a JPEG whose longer edge is the one asked for."""
    data = thumbnail(Image.new("RGB", (400, 100)), 100)

    assert media_type(data) == "image/jpeg"
    assert decode(data).size == (100, 25)


def test_thumbnail_never_enlarges():
    """A small picture keeps its size."""
    assert decode(thumbnail(Image.new("RGB", (30, 20)), 100)).size == (30, 20)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (jpeg(), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (picture("GIF"), "image/gif"),
        (b"<html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_media_type_is_told_by_the_first_bytes(data, expected):
    """The media type comes from the bytes, whatever a server said."""
    assert media_type(data) == expected


@pytest.mark.parametrize(
    ("size", "edge", "decoded"),
    [
        ((640, 480), 224, (640, 480)),  # half would be 320 by 240, less than twice the edge
        ((960, 960), 224, (480, 480)),
        ((2000, 1700), 224, (1000, 850)),
        ((4000, 4000), 224, (500, 500)),
        ((4000, 900), 224, (2000, 450)),
        ((60, 40), 224, (60, 40)),
        ((4000, 4000), None, (4000, 4000)),
    ],
)
def test_a_jpeg_is_decoded_no_larger_than_needed(size, edge, decoded):
    """A JPEG comes at the least scale that leaves twice the edge it will be reduced to."""
    data = jpeg(*size)

    assert decode_photo(data, max_pixels=16_000_000, edge=edge).size == decoded


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "GIF"])
def test_other_files_are_decoded_whole(format_):
    """Only JPEG's decoder can do less."""
    data = picture(format_, size=(960, 960))

    assert decode_photo(data, max_pixels=1_000_000, edge=100).size == (960, 960)


def test_a_jpeg_decoded_smaller_is_upright():
    """The camera's orientation holds at every scale."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = picture(size=(1600, 800), exif=exif)

    assert decode_photo(data, max_pixels=2_000_000, edge=100).size == (200, 400)


def test_the_limit_is_of_the_whole_photo():
    """A photo beyond the limit is refused, though less of it would be decoded."""
    with pytest.raises(PhotoRejected, match="pixels"):
        decode_photo(jpeg(4000, 4000), max_pixels=1_000_000, edge=100)
