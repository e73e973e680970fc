"""Runs nnU-Net v2 on the CPU: plans, trains for a number of short epochs, and predicts."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

from process_memory import run_with_memory

TRAINER = "nnUNetTrainerShortEpochs"
CONFIGURATION = "3d_fullres"


class NnUnet:
    """nnU-Net's programs are taken from the environment of the Python that runs this.

    folder/raw/DatasetNNN_NAME is the dataset, which nnU-Net calls by its number; everything else is made next to it.
    """

    def __init__(self, folder, dataset, seconds_between_weights):
        self.folder, self.dataset = folder, dataset
        self.number = str(int(dataset.removeprefix("Dataset")[:3]))
        self.programs = pathlib.Path(sys.executable).parent
        self.environment = {
            **os.environ, "nnUNet_raw": str(folder / "raw"), "nnUNet_preprocessed": str(folder / "preprocessed"),
            "nnUNet_results": str(folder / "nnunet"),
            "nnUNet_extTrainer": str(pathlib.Path(__file__).resolve().parent / "nnunet_trainer"),
            "SECONDS_BETWEEN_WEIGHTS": str(seconds_between_weights)}

    def call(self, log, program, *arguments):
        with open(self.folder / log, "w") as file:
            subprocess.run([str(self.programs / program), *(str(a) for a in arguments)], check=True, stdout=file,
                           stderr=subprocess.STDOUT, env=self.environment)

    def prepare(self, splits_file_content):
        """Plans and preprocesses, and takes over a split in the form of nnU-Net's splits_final.json."""
        done = self.folder / "preprocessed" / self.dataset / "splits_final.json"
        if done.exists():
            return
        self.call("nnunet-plan.log", "nnUNetv2_plan_and_preprocess", "-d", self.number, "-c", CONFIGURATION, "-np", 2)
        done.write_text(splits_file_content)

    def run_folder(self):
        return self.folder / "nnunet" / self.dataset / f"{TRAINER}__nnUNetPlans__{CONFIGURATION}" / "fold_0"

    def train(self, epochs):
        """Returns (seconds of training, memory by time, {seconds: name of weights})."""
        shutil.rmtree(self.folder / "nnunet", ignore_errors=True)
        environment = {**self.environment, "EPOCHS": str(epochs), "BEGIN": str(time.time())}
        command = [str(self.programs / "nnUNetv2_train"), self.number, CONFIGURATION, "0", "-device", "cpu", "-tr",
                   TRAINER]
        _, memory = run_with_memory(command, self.folder / "nnunet.log", environment)
        weights = {int(path.stem.split("_")[1]): path.name for path in self.run_folder().glob("checkpoint_[0-9]*.pth")}
        # After its last epoch, nnU-Net predicts the cases that validate. That is not training.
        seconds = max(weights)
        return seconds, [sample for sample in memory if sample[0] <= seconds], weights

    def seconds_per_epoch(self):
        self.train(1)
        log = next(self.run_folder().glob("training_log_*.txt")).read_text()
        return float(log.split("Epoch time: ")[1].split()[0])

    def predict(self, weights, images, out):
        self.call("nnunet-predict.log", "nnUNetv2_predict", "-d", self.number, "-c", CONFIGURATION, "-f", "0", "-tr",
                  TRAINER, "-chk", weights, "-i", images, "-o", out, "-device", "cpu", "-npp", 1, "-nps", 1)
