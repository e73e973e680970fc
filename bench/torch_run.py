"""Prepares the same networks in PyTorch for timing. compare_pytorch.py and gpu/ share it."""
import importlib
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("revtorch", "autograd", "baseline")  # autograd: the reversible network without rebuilding
FORMATS = ("contiguous", "channels_last_3d")


def load_torch():
    """Returns (torch, the reference networks, models that can be run, what is skipped and why)."""
    try:
        import torch
    except ImportError:
        return None, None, [], ["every comparison: PyTorch is not installed in the Python that runs this"]
    sys.path.insert(0, str(ROOT / "tests" / "golden"))
    import torch_revunet
    try:
        importlib.import_module("revtorch.revtorch")
    except ImportError:
        return torch, torch_revunet, ["autograd", "baseline"], ["reversible: RevTorch is not installed"]
    return torch, torch_revunet, list(MODELS), []


class TorchRun:
    """Trains one network on one random image, or predicts it. With amp, autocast runs convolutions in bf16."""

    def __init__(self, torch, reference, model, memory_format, size, device="cpu", amp=False, compiled=False):
        torch.manual_seed(1)
        self.torch, self.reference, self.device, self.amp = torch, reference, device, amp
        if model == "baseline":
            network = reference.BaselineUNet()
        else:
            network = reference.ReversibleUNet(use_revtorch=model == "revtorch")
        layout = getattr(torch, f"{memory_format}_format" if memory_format == "contiguous" else memory_format)
        self.network = network.to(device, memory_format=layout)
        self.forward = torch.compile(self.network) if compiled else self.network
        self.image = torch.randn(1, 4, *size).to(device, memory_format=layout)
        self.target = (torch.rand(1, 3, *size) < 0.1).float().to(device, memory_format=layout)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1e-4, weight_decay=1e-5, fused=True)

    def wait(self):
        if self.device != "cpu":
            self.torch.cuda.synchronize()

    def step(self):
        """Returns the seconds of one step: forward, Dice loss, backward, Adam."""
        self.wait()
        begin = time.perf_counter()
        self.optimiser.zero_grad(set_to_none=True)
        with self.torch.autocast(self.device, dtype=self.torch.bfloat16, enabled=self.amp):
            output = self.forward(self.image)
        loss = self.reference.dice_loss(output.float(), self.target)
        loss.backward()
        self.optimiser.step()
        self.wait()
        return time.perf_counter() - begin

    def predict(self):
        """Returns the seconds of one forward pass without gradients, to probabilities in fp32."""
        self.wait()
        begin = time.perf_counter()
        with self.torch.no_grad(), self.torch.autocast(self.device, dtype=self.torch.bfloat16, enabled=self.amp):
            self.forward(self.image).float()
        self.wait()
        return time.perf_counter() - begin

    def parameters(self):
        return sum(p.numel() for p in self.network.parameters())


def versions(torch):
    if torch is None:
        return {"python": sys.version.split()[0]}
    onednn = re.search(r"MKL-DNN v([\d.]+)", torch.__config__.show())
    return {"python": sys.version.split()[0], "torch": torch.__version__,
            "torch_onednn": onednn.group(1) if onednn else "none",
            "torch_cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "torch_cuda": torch.version.cuda, "torch_cudnn": torch.backends.cudnn.version()}
