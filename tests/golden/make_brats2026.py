"""Writes brats2026.json: what BraTS-evaluation 0.0.10 gives for random masks at several spacings, run as a program. Needs it
and nibabel:

    pip install BraTS-evaluation==0.0.10 nibabel && python3 tests/golden/make_brats2026.py

A mask has 12 x 10 x 8 voxels, x fastest. Blocks of 2 x 2 x 2 voxels are set where the next number of std::mt19937, modulo 100,
is less than `blocks`. The prediction is the mask moved by `shift` voxels along x, with every voxel whose next number, modulo
100, is less than `noise` turned over. The generator is seeded with the case's seed; the numbers of the blocks are drawn first.
`empty` empties a mask afterwards. Masks are written as the label of enhancing tumour, and the scores of this label are kept:
of the gliomas' leaderboard in `glioma`, and of the metastases' leaderboard at a volume in `metastases`. null is NaN.

The package gives the spacing of z to x and that of x to z. So images are written with the two exchanged, and distances are
those of `spacing`.
"""
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import nibabel
import numpy as np

SIZE = (12, 10, 8)
BLOCKS = tuple(s // 2 for s in SIZE)
ENHANCING = 3


def draw(seed, blocks, shift, noise, empty):
    generator = np.random.MT19937()
    generator._legacy_seeding(seed)  # as std::mt19937
    coarse = (generator.random_raw(int(np.prod(BLOCKS))) % 100 < blocks).reshape(BLOCKS[::-1]).transpose(2, 1, 0)
    reference = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    flips = (generator.random_raw(int(np.prod(SIZE))) % 100 < noise).reshape(SIZE[::-1]).transpose(2, 1, 0)
    moved = np.zeros_like(reference)
    moved[shift:] = reference[:SIZE[0] - shift]
    prediction = moved ^ flips
    if "reference" in empty:
        reference[:] = False
    if "prediction" in empty:
        prediction[:] = False
    return reference, prediction


def cases():
    seed = 40
    for spacing in ([1, 1, 1], [2, 1, 0.5], [0.75, 3.25, 1.875]):
        for blocks, shift, noise in ((4, 0, 2), (8, 1, 2), (8, 1, 5), (12, 1, 10), (30, 1, 0), (3, 3, 0)):
            yield {"seed": seed, "spacing": spacing, "blocks": blocks, "shift": shift, "noise": noise, "empty": ""}
            seed += 1
    for empty in ("reference", "prediction", "reference prediction"):
        yield {"seed": seed, "spacing": [2, 1, 1], "blocks": 8, "shift": 1, "noise": 2, "empty": empty}
        seed += 1


def number(text):
    value = float(text) if text else math.nan
    return None if math.isnan(value) else "inf" if math.isinf(value) else value


def rows_of(folder, command, *options):
    out = folder / "parsed.csv"
    program = pathlib.Path(sys.executable).with_name("brats-parse-metrics")
    subprocess.run([program, command, "--json_path", folder / f"{command}.json", "--output_csv_path", out, *options],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(out, newline="") as stream:
        return {r["subject_id"]: {k[:-3]: number(v) for k, v in r.items() if k.endswith("_et")} for r in csv.DictReader(stream)}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = list(cases())
        for task, config, command in (("GLI", "gli", "seg"), ("MET", "mets", "mets")):
            reference_folder, prediction_folder = folder / task / "reference", folder / task / "prediction"
            reference_folder.mkdir(parents=True), prediction_folder.mkdir()
            for i, row in enumerate(rows):
                masks = draw(*(row[k] for k in ("seed", "blocks", "shift", "noise", "empty")))
                row["voxels"] = [int(m.sum()) for m in masks]
                for where, mask in zip((reference_folder, prediction_folder), masks):
                    affine = np.diag([*map(float, reversed(row["spacing"])), 1])
                    image = nibabel.Nifti1Image(mask.astype(np.uint8) * ENHANCING, affine)
                    nibabel.save(image, where / f"BraTS-{task}-{i:05d}-000.nii.gz")
            program = pathlib.Path(sys.executable).with_name("brats-evaluate")
            subprocess.run([program, "--config", config, "--ref_path", reference_folder, "--pred_path", prediction_folder,
                            "--summary_json", folder / f"{command}.json"], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        glioma = rows_of(folder, "seg")
        kept = ("all_instance_tp", "all_instance_fp", "all_instance_fn", "all_instance_f1", "global_dsc", "global_nsd",
                "global_hd95", "lesionwise_dsc_mean", "lesionwise_nsd_mean", "lesionwise_hd95_mean")
        for i, row in enumerate(rows):
            row["glioma"] = {k: glioma[f"BraTS-GLI-{i:05d}-000.nii.gz"][k] for k in kept}
            row["metastases"] = []
        for volume in (0, 8, 16, 20):
            metastases = rows_of(folder, "mets", "--vol_threshold", str(volume), "--overlap_threshold", "0.1")
            for i, row in enumerate(rows):
                got = metastases[f"BraTS-MET-{i:05d}-000.nii.gz"]
                row["metastases"].append({"volume": volume, **{k: got[k] for k in kept[-3:]}})
    path = pathlib.Path(__file__).with_name("brats2026.json")
    path.write_text('{"rows": [\n ' + ",\n ".join(json.dumps(r) for r in rows) + "\n]}\n")


if __name__ == "__main__":
    main()
