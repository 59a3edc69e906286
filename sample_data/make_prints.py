"""Makes prints.mp4 and prints.txt: five photographs, held into view as prints at three places and in three lights.

    pip download --no-deps scikit-image==0.26.0
    python sample_data/make_prints.py scikit_image-0.26.0-….whl

It needs numpy, Pillow 13.0.0 and av 18.1.0, which is FFmpeg. The photographs and the grounds are in that wheel.
"""

from __future__ import annotations

import csv
import io
import math
import sys
import zipfile
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, FPS = 320, 240, 25
BITS = 200_000
"""A second."""
PHOTOGRAPHS = {
    "cat": ("chelsea.png", (60, 0, 360, 300)),
    "coffee": ("coffee.png", (90, 0, 490, 400)),
    "astronaut": ("astronaut.png", (20, 0, 420, 400)),
    "rocket": ("rocket.jpg", (130, 0, 530, 400)),
    "galaxies": ("hubble_deep_field.jpg", (100, 100, 700, 700)),
}
"""Name → file in the wheel, and what of it is printed: left, top, right, bottom."""
SIDE = 200
"""Pixels that a print is wide, before it is held somewhere."""
BORDER = 9
PLACES = (
    # ground, its tint, the colour of the light, gain, where the light comes from, seconds a print is held
    ("brick.png", (1.0, 0.72, 0.58), (1.0, 0.93, 0.82), 1.0, 0.3, 4.0),
    ("grass.png", (0.62, 0.86, 0.45), (0.92, 1.0, 1.1), 1.25, 2.4, 3.0),
    ("gravel.png", (0.8, 0.82, 0.9), (0.85, 0.92, 1.1), 0.55, -1.8, 3.0),
)
GAP_S = 0.8
"""Between two prints nothing is held into view."""
MOVING_S = 0.3
"""How long a print takes to come and to go: that part is not labelled."""


def picture(wheel: zipfile.ZipFile, name: str) -> Image.Image:
    return Image.open(io.BytesIO(wheel.read(f"skimage/data/{name}"))).convert("RGB")


def printed(wheel: zipfile.ZipFile, name: str) -> Image.Image:
    """A print with its white border, RGBA."""
    file, box = PHOTOGRAPHS[name]
    photograph = picture(wheel, file).crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    whole = Image.new("RGBA", (SIDE + 2 * BORDER,) * 2, (238, 236, 230, 255))
    whole.paste(photograph, (BORDER, BORDER))
    return whole


def ground(wheel: zipfile.ZipFile, file: str, tint: tuple[float, float, float]) -> np.ndarray:
    """A wall or a floor, (HEIGHT, WIDTH, 3), 0..1."""
    grey = picture(wheel, file).convert("L").resize((WIDTH + 40, WIDTH + 40), Image.Resampling.LANCZOS)
    return np.asarray(grey, np.float64)[:, :, None] / 255 * np.array(tint)


def held(card: Image.Image, t: float, phase: float, shown: float) -> tuple[Image.Image, Image.Image]:
    """The print as a hand holds it at a time, and its shadow: RGBA pictures of the whole frame."""
    wave = [math.sin(rate * t + phase * place) for place, rate in enumerate((1.3, 0.9, 1.7, 1.1, 0.7), 1)]
    size = 0.72 + 0.14 * wave[0]
    angle = 0.2 * wave[1]
    x = WIDTH / 2 + 26 * wave[2]
    y = HEIGHT / 2 + 14 * wave[3] + (1 - shown) * HEIGHT * 1.1
    tilt, turn = 0.16 * wave[4], 0.16 * wave[0] * wave[1]
    corners = []
    for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        depth = 1 + tilt * u + turn * v
        px, py = u * card.width / 2 * size / depth, v * card.height / 2 * size / depth
        corners.append(
            (x + px * math.cos(angle) - py * math.sin(angle), y + px * math.sin(angle) + py * math.cos(angle))
        )
    return warped(card, corners), warped(card, [(px + 7, py + 9) for px, py in corners])


def warped(card: Image.Image, corners: list[tuple[float, float]]) -> Image.Image:
    """The print with its corners (top left, clockwise) there."""
    w, h = card.size
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (w, 0), (w, h), (0, h)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    plan = np.linalg.solve(np.array(rows), np.array(right))
    return card.transform((WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, tuple(plan), Image.Resampling.BICUBIC)


def lit(scene: np.ndarray, light: tuple[float, float, float], gain: float, way: float) -> np.ndarray:
    """The scene in a light that comes from one side."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    falloff = 1 + 0.28 * (x * math.cos(way) + y * math.sin(way)) - 0.12 * (x * x + y * y)
    return np.clip(scene * np.array(light) * gain * falloff[:, :, None], 0, 1)


def frames(wheel: zipfile.ZipFile):
    """Yield (frame (HEIGHT, WIDTH, 3) uint8, label or "")."""
    random = np.random.default_rng(7)
    cards = {name: printed(wheel, name) for name in PHOTOGRAPHS}
    number = 0
    for place, (file, tint, light, gain, way, hold_s) in enumerate(PLACES):
        wall = ground(wheel, file, tint)
        for order, (name, card) in enumerate(cards.items()):
            phase = 1.0 + 2.1 * place + 0.9 * order
            for step in range(round((GAP_S + hold_s) * FPS)):
                t, since = number / FPS, step / FPS - GAP_S
                sway = 12 + 6 * math.sin(0.6 * t), 12 + 5 * math.sin(0.8 * t + 1)
                scene = wall[round(sway[1]) :, round(sway[0]) :][:HEIGHT, :WIDTH]
                shown = min(since, hold_s - since) / MOVING_S
                if since >= 0:
                    front, shade = held(card, t, phase, min(shown, 1.0))
                    dark = np.asarray(shade.filter(ImageFilter.GaussianBlur(5)), np.float64)[:, :, 3:] / 255
                    layer = np.asarray(front, np.float64) / 255
                    scene = scene * (1 - 0.45 * dark)
                    scene = scene * (1 - layer[:, :, 3:]) + layer[:, :, :3] * layer[:, :, 3:]
                seen = lit(scene, light, gain * (1 + 0.03 * math.sin(2.2 * t)), way)
                noisy = 255 * seen + random.normal(0, 1.5, (HEIGHT, WIDTH, 1))
                yield np.clip(noisy, 0, 255).astype(np.uint8), name if shown >= 1 else ""
                number += 1


def main(path: str) -> None:
    with zipfile.ZipFile(path) as wheel, av.open(str(HERE / "prints.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", FPS, bit_rate=BITS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 2 * FPS
        labels: list[list[str]] = []
        before = ""
        for number, (frame, label) in enumerate(frames(wheel)):
            video.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            now = f"{number / FPS:.2f}"
            if label != before:
                if before:
                    labels[-1][1] = now
                if label:
                    labels.append([now, "", label])
                before = label
        video.mux(stream.encode())
    with (HERE / "prints.txt").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, "excel-tab", lineterminator="\n").writerows(labels)


if __name__ == "__main__":
    main(sys.argv[1])
