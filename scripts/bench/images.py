"""How long copies of images take and how large they are, beside libvips, which most others use."""

import io
import statistics
import time
import urllib.parse

from running import server

TITLE = "Copies of images"

WIDTHS = (320, 640, 960, 1280, 1920)

# What libvips makes unless it is told otherwise, and what is around it.
QUALITIES = (60, 65, 70, 75, 80, 85)


def photograph(width, height, seed):
    """A picture made up of what photographs have: detail at every size, of which the finest is
    weakest, edges, and noise."""
    import numpy
    from PIL import Image, ImageDraw

    random = numpy.random.default_rng(seed)
    picture, strength = numpy.zeros((height, width, 3), numpy.float32), 1.0
    for octave in range(2, 11):
        columns = 2**octave
        shape = (max(2, columns * height // width), columns)
        detail = random.normal(size=(*shape, 1)) * 0.9 + random.normal(size=(*shape, 3)) * 0.25
        detail = (detail - detail.min()) / (detail.max() - detail.min())
        enlarged = Image.fromarray((detail * 255).astype(numpy.uint8)).resize((width, height), Image.BICUBIC)
        picture += numpy.asarray(enlarged, numpy.float32) / 255 * strength
        strength *= 0.6
    picture = (picture - picture.min()) / (picture.max() - picture.min()) * 255
    image = Image.fromarray(picture.astype(numpy.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, size = int(random.integers(width)), int(random.integers(height)), int(random.integers(width // 60, width // 8))
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        draw.ellipse((x, y, x + size, y + size // 2), fill=colour)
    noisy = numpy.asarray(image, numpy.float32) + random.normal(0, 2.5, (height, width, 1))
    return Image.fromarray(noisy.clip(0, 255).astype(numpy.uint8))


def encoded(image, limit=2 << 20):
    """As a JPEG of the best quality that may be uploaded."""
    for quality in range(92, 20, -4):
        bytes = io.BytesIO()
        image.save(bytes, "JPEG", quality=quality)
        if bytes.tell() <= limit:
            return bytes.getvalue()


def path_of(address):
    return urllib.parse.urlsplit(address).path


def timed(work):
    begin = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - begin) * 1_000


def similarity(reference, image):
    """The structural similarity (SSIM) of luminance, of 1."""
    import numpy
    from skimage.metrics import structural_similarity

    luminance = [numpy.asarray(one.convert("L"), numpy.float32) for one in (reference, image)]
    return structural_similarity(*luminance, data_range=255, gaussian_weights=True)


def size_at(similar, measured):
    """The size at which libvips reaches a similarity, between the two that were measured around it."""
    for (low, smaller), (high, larger) in zip(measured, measured[1:]):
        if similar <= high or (high, larger) == measured[-1]:
            return smaller + (larger - smaller) * (similar - low) / (high - low)


def run(options, report):
    import pyvips
    from PIL import Image

    pyvips.cache_set_max(0)
    report.line("Of a JPEG of 24 megapixels, uploaded anew each time: from the request to its whole answer, beside libvips within")
    report.line("a process that runs already. Sizes are beside what libvips makes at the same structural similarity (SSIM) to the")
    report.line("picture shrunk without loss, as the mean of four pictures.\n")
    report.row("Width", "Of libvips's time, JPEG", "WebP", "JPEG, ms", "libvips's JPEG, ms", "Of libvips's size, JPEG", "SSIM", head=True)
    large = encoded(photograph(6_000, 4_000, 1))
    pictures = [photograph(3_000, 2_000, seed) for seed in range(2, 6)]

    def vips(width, format):
        return pyvips.Image.thumbnail_buffer(large, width, size="down").write_to_buffer(format)

    with server() as ours:
        ours.log_in()

        def copy(path, width, media_type="image/jpeg"):
            ours.connection.request("GET", f"{path}?width={width}", headers={"Accept": media_type})
            return ours.connection.getresponse().read()

        uploads = [(picture, path_of(ours.upload(encoded(picture)))) for picture in pictures]
        for width in WIDTHS:
            rounds = []
            for _ in range(options.rounds):
                path = path_of(ours.upload(large))
                rounds.append([
                    timed(work)[1]
                    for work in (
                        lambda: copy(path, width),
                        lambda: vips(width, ".jpg"),
                        lambda: copy(path, width, "image/webp"),
                        lambda: vips(width, ".webp"),
                    )
                ])
            jpeg, vips_jpeg, webp, vips_webp = map(statistics.median, zip(*rounds))
            sizes, similarities = [], []
            for picture, path in uploads:
                reference = picture.resize((width, round(width * 2 / 3)), Image.LANCZOS)
                measured, source = [], encoded(picture)
                for quality in QUALITIES:
                    bytes = pyvips.Image.thumbnail_buffer(source, width, size="down").jpegsave_buffer(Q=quality)
                    measured.append((similarity(reference, Image.open(io.BytesIO(bytes))), len(bytes)))
                bytes = copy(path, width)
                similar = similarity(reference, Image.open(io.BytesIO(bytes)))
                sizes.append(len(bytes) / size_at(similar, measured))
                similarities.append(similar)
            size = statistics.mean(sizes)
            report.row(
                width, f"**{jpeg / vips_jpeg:.2f}**", f"{webp / vips_webp:.2f}", f"{jpeg:.0f}", f"{vips_jpeg:.0f}",
                f"**{size:.2f}**", f"{statistics.mean(similarities):.3f}",
            )
            report.check(f"Time of a JPEG {width} pixels wide, of libvips's", jpeg / vips_jpeg, at_most=1, of_time=True)
            report.check(f"Time of a WebP {width} pixels wide, of libvips's", webp / vips_webp, at_most=1, of_time=True)
            report.check(f"Size of a JPEG {width} pixels wide, of libvips's at the same look", size, at_most=1)
