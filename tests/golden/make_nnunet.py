"""Writes nnunet.json: what nnU-Net v2 itself makes of labels, probabilities and intensities. Its own functions write the
dataset.json files, turn segmentations into what is trained on, turn probabilities into segmentations, and normalise
images. Needs nnunetv2 2.8:

    pip install nnunetv2 && python3 tests/golden/make_nnunet.py
"""
import json
import pathlib
import tempfile

import numpy as np
import torch
from batchgeneratorsv2.transforms.utils.seg_to_regions import ConvertSegmentationToRegionsTransform
from nnunetv2.dataset_conversion.generate_dataset_json import generate_dataset_json
from nnunetv2.preprocessing.normalization.default_normalization_schemes import CTNormalization, ZScoreNormalization
from nnunetv2.utilities.label_handling.label_handling import LabelManager, convert_labelmap_to_one_hot

VOXELS = 64
TASKS = {
    "classes": ({0: "CT"}, {"background": 0, "liver": 1, "tumour": 2}, None),
    "classes in lists": ({0: "CT"}, {"background": 0, "liver": (1,), "tumour": (2,)}, None),
    "ignored": ({0: "MRI"}, {"background": 0, "anterior": 1, "posterior": 2, "ignore": 3}, None),
    "regions": ({0: "T1", 1: "FLAIR"},
                {"background": 0, "whole": (1, 2, 3), "core": (2, 3), "enhancing": 3}, (1, 2, 3)),
    "regions and ignored": ({0: "MRI"}, {"background": 0, "all": (1, 2), "inner": (2,), "ignore": 3}, (1, 2)),
}


def described(channels, labels, order):
    """Returns the dataset.json that nnU-Net writes."""
    with tempfile.TemporaryDirectory() as folder:
        generate_dataset_json(folder, channels, labels, 1, ".nii", regions_class_order=order, license="none",
                              converted_by="a test")
        return json.loads((pathlib.Path(folder) / "dataset.json").read_text())


def label_row(name, rng):
    channels, labels, order = TASKS[name]
    manager = LabelManager(labels, order)
    probabilities = rng.random((manager.num_segmentation_heads, VOXELS)).astype(np.float32)
    probabilities[:, :4] = 0.5  # a threshold and equals
    if not manager.has_regions:
        probabilities /= probabilities.sum(0)
    segmentation = np.array([label for label in manager.all_labels for _ in range(2)])
    if manager.has_regions:
        transform = ConvertSegmentationToRegionsTransform(manager.foreground_regions, channel_in_seg=0)
        target = transform(segmentation=torch.tensor(segmentation)[None])["segmentation"].numpy()
    else:
        target = convert_labelmap_to_one_hot(segmentation, manager.all_labels)
    found = manager.convert_probabilities_to_segmentation(probabilities)
    return {"name": name, "dataset": described(channels, labels, order),
            "probabilities": [[round(float(p), 9) for p in voxel] for voxel in probabilities.T],
            "segmentation": [int(label) for label in found], "labels": [int(label) for label in segmentation],
            "outputs_of_labels": [[int(t) for t in voxel] for voxel in target.T]}


def normalised_row(name, scheme, masked, rng):
    image = rng.normal(40, 90, VOXELS).round().astype(np.float32)
    image[1::5] = 0
    image[[0, -1]] = 50  # so that nothing is cropped
    properties = {"mean": 61.25, "std": 47.5, "percentile_00_5": -80.0, "percentile_99_5": 190.0}
    inside = np.where(image != 0, 0, -1)  # nnU-Net marks what is outside the body by -1
    got = scheme(masked, properties).run(image.copy(), inside)
    return {"name": name, "image": [float(v) for v in image], "properties": properties,
            "normalised": [float(v) for v in got]}


def main():
    rng = np.random.default_rng(17)
    content = {"labels": [label_row(name, rng) for name in TASKS],
               "normalised": [normalised_row("ct", CTNormalization, False, rng),
                              normalised_row("all", ZScoreNormalization, False, rng),
                              normalised_row("nonzero", ZScoreNormalization, True, rng)]}
    path = pathlib.Path(__file__).parent / "nnunet.json"
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
