"""nnU-Net's own trainer, in short epochs of a number that the environment gives. nnU-Net finds it by nnUNet_extTrainer."""
import os
import time

from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer


class nnUNetTrainerShortEpochs(nnUNetTrainer):  # nnU-Net wants the class to be called as its file
    """Nothing but lengths differs from nnU-Net's trainer.

    An hour on a CPU holds few epochs of 250 iterations. The learning rate falls once per epoch, so shorter ones let it fall
    as smoothly as in nnU-Net's 1000 epochs. Weights are kept by time: checkpoint_SECONDS.pth has those that training
    reached SECONDS after the program's start.
    """

    # nnU-Net reads the parameters' names.
    def __init__(self, plans, configuration, fold, dataset_json, device):
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_epochs = int(os.environ["EPOCHS"])
        self.num_iterations_per_epoch = 25
        self.num_val_iterations_per_epoch = 5
        self.begin = float(os.environ["BEGIN"])  # time.time() at the program's start
        self.seconds_between = float(os.environ["SECONDS_BETWEEN_WEIGHTS"])
        self.due = self.seconds_between

    def on_epoch_end(self):
        super().on_epoch_end()
        seconds = time.time() - self.begin
        if seconds >= self.due or self.current_epoch == self.num_epochs:
            self.save_checkpoint(os.path.join(self.output_folder, f"checkpoint_{seconds:.0f}.pth"))
            self.due = (seconds // self.seconds_between + 1) * self.seconds_between
