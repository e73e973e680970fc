"""Stores SciPy's result for a volume that is flipped, rotated, scaled and deformed in the planes perpendicular to z.

Writes warp_planes.safetensors next to this, in float64: pip install numpy scipy safetensors (made with SciPy 1.17).
"""
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.ndimage import map_coordinates

X, Y, Z = 13, 10, 5
generator = np.random.default_rng(1)
image = generator.normal(size=(4, X, Y, Z)).astype(np.float32).astype(np.float64)
image[generator.uniform(size=image.shape) < 0.3] = 0  # background
regions = (generator.uniform(size=(3, X, Y, Z)) < 0.4).astype(np.float64)
displacements = generator.normal(scale=1.5, size=(2, 3, 3))
angle, factor, flip = np.deg2rad(17.0), 1 / 1.15, (True, False, True)
shift = np.array([0.1, -0.05, 0.025, -0.1], dtype=np.float32).astype(np.float64)
matrix = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

x, y = np.meshgrid(np.arange(X, dtype=float), np.arange(Y, dtype=float), indexing="ij")
if flip[0]:
    x = X - 1 - x
if flip[1]:
    y = Y - 1 - y
centre = np.array([(X - 1) / 2, (Y - 1) / 2])
at_grid = [2 * x / (X - 1), 2 * y / (Y - 1)]
deformation = [map_coordinates(d, at_grid, order=3, mode="mirror") for d in displacements]
offset = np.stack([x - centre[0], y - centre[1]])
places = [centre[i] + matrix[i, 0] * offset[0] + matrix[i, 1] * offset[1] + deformation[i] for i in range(2)]


def resampled(volume, order):
    out = np.empty_like(volume)
    for c in range(volume.shape[0]):
        for z in range(Z):
            plane = volume[c, :, :, Z - 1 - z if flip[2] else z]
            out[c, :, :, z] = map_coordinates(plane, places, order=order, mode="grid-constant", cval=0)
    return out


warped = resampled(image, 1)
warped[warped != 0] += np.broadcast_to(shift[:, None, None, None], warped.shape)[warped != 0]
save_file({"image": image[None], "regions": regions[None], "displacements_f64": displacements.reshape(2, 9),
           "matrix_f64": matrix.reshape(4), "shift": shift,
           "warped_f64": warped[None], "warped_regions": resampled(regions, 0)[None]},
          str(Path(__file__).parent / "warp_planes.safetensors"))
