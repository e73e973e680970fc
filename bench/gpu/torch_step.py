"""Times one PyTorch variant on the GPU, in a separate process, so that the memory is only its own. Prints a line of JSON.

    python3 bench/gpu/torch_step.py --model baseline --size 128 128 128 --amp --format channels_last_3d
"""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from torch_run import FORMATS, MODELS, TorchRun, load_torch, versions


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--size", type=int, nargs=3, required=True, metavar=("X", "Y", "Z"))
    parser.add_argument("--format", choices=FORMATS, default="contiguous")
    parser.add_argument("--amp", action="store_true", help="bf16 autocast; otherwise TF32")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--steps", type=int, default=8)
    arguments = parser.parse_args()
    torch, reference, models, skipped = load_torch()
    if arguments.model not in models:
        sys.exit(f"torch_step: error: {skipped[0]}")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True  # like the engine, it times its algorithms
    run = TorchRun(torch, reference, arguments.model, arguments.format, arguments.size, "cuda", arguments.amp,
                   arguments.compile)
    for _ in range(3):
        run.step()
    torch.cuda.reset_peak_memory_stats()
    seconds = [run.step() for _ in range(arguments.steps)]
    free, total = torch.cuda.mem_get_info()
    print(json.dumps({"seconds": seconds, "parameters": run.parameters(),
                      "peak_allocated_bytes": torch.cuda.max_memory_allocated(),
                      "peak_reserved_bytes": torch.cuda.max_memory_reserved(), "driver_used_bytes": total - free,
                      "versions": versions(torch)}))


if __name__ == "__main__":
    main()
