"""Makes a dataset of which a fifth of the cases is held out, for scores that no choice of a training has seen."""
import json
import pathlib
import shutil


def link_cases(data, out):
    """Links the cases of a Decathlon's dataset of one channel into a dataset in nnU-Net's layout.

    Every fifth case is in imagesTs and labelsTs, the others are in imagesTr and labelsTr. Leaves `out` if it is there.
    """
    data, out = pathlib.Path(data).resolve(), pathlib.Path(out)
    if out.exists():
        return
    description = json.loads((data / "dataset.json").read_text())
    out.parent.mkdir(parents=True, exist_ok=True)
    made = out.parent / f"{out.name}.being-made"
    shutil.rmtree(made, ignore_errors=True)
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (made / name).mkdir(parents=True)
    for number, path in enumerate(sorted((data / "labelsTr").glob("*.nii.gz"))):
        group = "Ts" if number % 5 == 4 else "Tr"
        case = path.name.removesuffix(".nii.gz")
        (made / f"images{group}" / f"{case}_0000.nii.gz").symlink_to(data / "imagesTr" / path.name)
        (made / f"labels{group}" / path.name).symlink_to(path)
    (made / "dataset.json").write_text(json.dumps({
        "channel_names": description["modality"],
        "labels": {name: int(number) for number, name in description["labels"].items()}, "file_ending": ".nii.gz",
        "numTraining": len(list((made / "labelsTr").iterdir()))}))
    made.rename(out)
