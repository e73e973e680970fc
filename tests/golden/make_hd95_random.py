"""Writes hd95_random.json: HD95 of random masks at several spacings, by DeepMind's surface-distance (surfel) and by SciPy
(pooled as in medpy, max as in MONAI); and the areas of their surfaces in mm^2. Needs numpy, scipy and surface-distance 0.1:

    pip install numpy scipy surface-distance && python3 tests/golden/make_hd95_random.py

A mask has 9 x 7 x 8 voxels, x fastest; voxel by voxel it is set where the next number of std::mt19937, modulo 100, is less
than the density. The generator is seeded with the case's seed; a is drawn first, then b. Voxel 3 of a and 100 of b are set.
"""
import json
import pathlib

import numpy as np
import surface_distance
from scipy import ndimage

SIZE = (9, 7, 8)


def draw(generator, density):
    numbers = generator.random_raw(SIZE[0] * SIZE[1] * SIZE[2])
    return numbers % 100 < density


def shaped(mask):
    return mask.reshape(SIZE[::-1]).transpose(2, 1, 0)  # [x, y, z]


def edges(mask):
    return mask & ~ndimage.binary_erosion(mask)


def directed(a, b, spacing):
    return ndimage.distance_transform_edt(~edges(b), sampling=spacing)[edges(a)]


def masks(seed, density):
    generator = np.random.MT19937()
    generator._legacy_seeding(seed)  # as std::mt19937
    a, b = draw(generator, density), draw(generator, density)
    a[3] = b[100] = True
    return shaped(a), shaped(b)


def row(seed, spacing, density):
    a, b = masks(seed, density)
    there, back = directed(a, b, spacing), directed(b, a, spacing)
    surfels = surface_distance.compute_surface_distances(a, b, spacing)
    return {"seed": seed, "spacing": spacing, "density": density, "voxels_a": int(a.sum()), "voxels_b": int(b.sum()),
            "pooled": float(np.percentile(np.concatenate([there, back]), 95)),
            "max": float(max(np.percentile(there, 95), np.percentile(back, 95))),
            "surfel": float(surface_distance.compute_robust_hausdorff(surfels, 95)),
            "area_a": float(surfels["surfel_areas_gt"].sum()), "area_b": float(surfels["surfel_areas_pred"].sum())}


def write_rows(name, row):
    """Writes row(seed, spacing, density) of each spacing and density."""
    rows = []
    for spacing in ([1, 1, 1], [2, 1, 0.5], [0.7, 3.3, 1.9], [0.01, 1, 100]):
        for density in (2, 30, 70):
            rows.append(row(20 + len(rows), spacing, density))
    path = pathlib.Path(__file__).with_name(name)
    path.write_text('{"rows": [\n ' + ",\n ".join(json.dumps(r) for r in rows) + "\n]}\n")


if __name__ == "__main__":
    write_rows("hd95_random.json", row)
