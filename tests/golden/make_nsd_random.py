"""Writes nsd_random.json: NSD of random masks at several spacings and tolerances, by DeepMind's surface-distance (surfel) and
by panoptica (edge). Needs numpy, scipy, surface-distance 0.1 and panoptica 2.1.7:

    pip install numpy scipy surface-distance panoptica && python3 tests/golden/make_nsd_random.py

Masks are those of make_hd95_random.py, drawn in the same way. Some tolerances are distances between neighbouring voxels, which
lie within the tolerance in both packages. No distance exceeds a tolerance by less than 1e-6 of it, because revunet-evaluate takes
such a distance for the tolerance itself (io/scores/header_precision.h).
"""
import surface_distance
from panoptica.metrics.normalized_surface_dice import _compute_normalized_surface_dice

from make_hd95_random import masks, write_rows


def row(seed, spacing, density):
    a, b = masks(seed, density)
    surfels = surface_distance.compute_surface_distances(a, b, spacing)
    tolerances = [0.001, 0.3, min(spacing), sorted(spacing)[1], 1.5 * max(spacing)]
    tolerances = sorted(set(tolerances))
    return {"seed": seed, "spacing": spacing, "density": density, "voxels_a": int(a.sum()), "voxels_b": int(b.sum()),
            "tolerances": tolerances,
            "surfel": [float(surface_distance.compute_surface_dice_at_tolerance(surfels, t)) for t in tolerances],
            "edge": [float(_compute_normalized_surface_dice(a, b, voxelspacing=spacing, threshold=t)) for t in tolerances]}


if __name__ == "__main__":
    write_rows("nsd_random.json", row)
