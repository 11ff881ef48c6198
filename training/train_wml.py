"""Train the demonstration network of white matter lesions on simulated CT, and write it as ONNX with its description.

    python training/train_wml.py training/wml_demonstration.yaml data/models/wml_demonstration.onnx

Needs torch and onnx beside the project's packages; using the network needs neither. One thread, some 15
minutes; equal bytes on one machine. It has seen simulated heads only: it demonstrates the software and segments no
patient.
"""

import hashlib
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from recohort.core.schema import load_schema, with_defaults  # noqa: E402
from recohort.core.seeds import generator  # noqa: E402
from recohort.images.wml.brain import brain_mask  # noqa: E402
from recohort.images.wml.grid import Grid  # noqa: E402
from recohort.images.wml.network import windowed  # noqa: E402
from recohort.synthetic.wml.head import simulate_head  # noqa: E402

PROCESSES = 2


def draw_head(task):
    """Simulate one head as the network sees it: windowed image, brain and lesion on the network's axes."""
    settings, part, number = task
    rng = generator(settings["seed"], "wml_training", part, number)
    heads = with_defaults({"kind": "wml"}, load_schema("synthetic/wml"))["heads"] | settings["ranges"]
    smallest, largest = (settings["volume_ml"][name] for name in ("smallest", "largest"))
    volume = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    age = float(rng.uniform(*settings["age_years"]))
    ct, masks, affine = simulate_head({"anatomy": settings["anatomy"], "heads": heads}, rng, age=age, wml_ml=volume)
    brain = brain_mask(ct.astype(np.float32), affine, **settings["brain"])
    spacing = settings["anatomy"]["voxel_size_mm"]
    grid = Grid.between(ct.shape, affine, orientation=settings["model"]["orientation"], spacing_mm=spacing)
    image = windowed(grid.there(ct), grid.there(brain) > 0.5, window=settings["model"]["window"], brain_only=True)
    return (image * 255).round().astype(np.uint8), grid.there(brain) > 0.5, grid.there(masks["WML"]) > 0.5


class Block(nn.Sequential):
    """Two convolutions, the first in plane; `deep` makes the second reach across slices."""

    def __init__(self, before, after, *, deep):
        size, padding = ((3, 3, 3), (1, 1, 1)) if deep else ((3, 3, 1), (1, 1, 0))
        super().__init__(
            nn.Conv3d(before, after, (3, 3, 1), padding=(1, 1, 0)),
            nn.ReLU(),
            nn.Conv3d(after, after, size, padding=padding, bias=False),
            nn.BatchNorm3d(after),
            nn.ReLU(),
        )


class Network(nn.Module):
    """A U-Net that coarsens in plane only, twice; 1 channel in [0, 1] to 1 channel of logits."""

    def __init__(self, channels):
        super().__init__()
        a, b, c = channels
        self.first, self.second, self.third = Block(1, a, deep=False), Block(a, b, deep=True), Block(b, c, deep=True)
        self.up_second, self.up_first = Block(b + c, b, deep=True), Block(a + b, a, deep=False)
        self.last = nn.Conv3d(a, 1, 1)
        nn.init.constant_(self.last.bias, -3.0)  # lesion is rare
        self.coarser = nn.MaxPool3d((2, 2, 1))
        self.finer = nn.Upsample(scale_factor=(2, 2, 1), mode="nearest")

    def forward(self, image):
        """Logits of lesion."""
        first = self.first(4 * (image - 0.5))
        second = self.second(self.coarser(first))
        third = self.third(self.coarser(second))
        second = self.up_second(torch.cat([self.finer(third), second], 1))
        return self.last(self.up_first(torch.cat([self.finer(second), first], 1)))


class Probabilities(nn.Module):
    """The network with its sigmoid, as it is written."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        """Probability of lesion."""
        return torch.sigmoid(self.network(image))


def patches(heads, shares, rng, *, batch, patch, around_lesions):
    """Draw a batch: images, lesions and where they count, each (batch, 1, x, y, z)."""
    drawn = []
    for _ in range(batch):
        head = heads[rng.choice(len(heads), p=shares)]
        around = head[2] if rng.random() < around_lesions and head[2].any() else head[1]
        places = np.flatnonzero(around)
        centre = np.unravel_index(places[rng.integers(places.size)], around.shape)
        jitter = [rng.integers(-n // 4, n // 4 + 1) for n in patch]
        start = [
            int(np.clip(c + j - n // 2, 0, size - n))
            for c, j, n, size in zip(centre, jitter, patch, around.shape, strict=True)
        ]
        cut = tuple(slice(s, s + n) for s, n in zip(start, patch, strict=True))
        made = [part[cut] for part in head]
        if rng.random() < 0.5:
            made = [part[::-1] for part in made]
        drawn.append(made)
    image, brain, lesion = (np.stack([one[i] for one in drawn])[:, None].astype(np.float32) for i in range(3))
    return torch.from_numpy(image / 255), torch.from_numpy(lesion), torch.from_numpy(brain)


def loss_of(logits, lesion, brain):
    """Cross-entropy within the brain, and soft Dice over the batch."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, lesion, weight=brain, reduction="sum")
    probability = torch.sigmoid(logits) * brain
    overlap = 2 * (probability * lesion).sum() / (probability.sum() + lesion.sum() + 1)
    return 3 * entropy / (brain.sum() + 1) + 1 - overlap


def validate(network, heads, voxel_ml, threshold=0.5):
    """Mean Dice of heads of more than 1 mL, and the sums of found and true volumes."""
    network.eval()
    dice, found_ml, true_ml = [], [], []
    with torch.no_grad():
        for image, brain, lesion in heads:
            logits = network(torch.from_numpy(image.astype(np.float32)[None, None] / 255))[0, 0].numpy()
            found = (logits > np.log(threshold / (1 - threshold))) & brain
            found_ml.append(found.sum() * voxel_ml)
            true_ml.append(lesion.sum() * voxel_ml)
            if true_ml[-1] > 1:
                dice.append(2 * (found & lesion).sum() / (found.sum() + lesion.sum()))
    network.train()
    return float(np.mean(dice)), np.array(found_ml), np.array(true_ml)


def train(settings, training, validation):
    """Train; return the network of the last step."""
    how = settings["training"]
    torch.manual_seed(settings["seed"])
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    rng = generator(settings["seed"], "wml_training", "patches")
    network = Network(**settings["network"]).to(memory_format=torch.channels_last_3d)
    print(sum(p.numel() for p in network.parameters()), "parameters")
    optimiser = torch.optim.AdamW(network.parameters(), lr=how["learning_rate"], weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, how["learning_rate"], total_steps=how["steps"], pct_start=0.1
    )
    voxel_ml = float(np.prod(settings["anatomy"]["voxel_size_mm"])) / 1000
    started, total = time.time(), 0.0
    many = np.sqrt([20 + head[2].sum() for head in training])  # heads with more lesion are drawn more often at first
    for step in range(1, how["steps"] + 1):
        done = step / how["steps"]
        shares = many ** (1 - done)
        first, last = how["around_lesions"]
        image, lesion, brain = patches(
            training,
            shares / shares.sum(),
            rng,
            batch=how["batch"],
            patch=how["patch"],
            around_lesions=first + done * (last - first),
        )
        loss = loss_of(network(image.contiguous(memory_format=torch.channels_last_3d)), lesion, brain)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if step % how["validate_every"] == 0:
            dice, found, true = validate(network, validation, voxel_ml)
            print(
                f"step {step}: loss {total / how['validate_every']:.3f}, Dice above 1 mL {dice:.3f}, "
                f"volume {found.sum() / true.sum():.3f} of the true, {time.time() - started:.0f} s",
                flush=True,
            )
            total = 0.0
    return network.eval()


def write(network, settings, path):
    """Write the network and its description, and see that the file is read back to the same probabilities."""
    model = settings["model"]
    axes = {2: "x", 3: "y", 4: "z"}
    torch.onnx.export(
        Probabilities(network.to(memory_format=torch.contiguous_format)).eval(),
        torch.zeros(1, 1, *settings["training"]["patch"]),
        str(path),
        input_names=["ct"],
        output_names=["wml"],
        dynamic_axes={"ct": {0: "batch", **axes}, "wml": {0: "batch", **axes}},
        opset_version=17,
        dynamo=False,
    )
    description = {
        "description": "Small U-Net trained on simulated heads to demonstrate the software. It segments no patient.",
        "demonstration": True,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "orientation": model["orientation"],
        "spacing_mm": settings["anatomy"]["voxel_size_mm"],
        "window": model["window"],
        "brain_only": True,
        "input_shape": [None, 1, None, None, None],
        "patch": model["patch"],
        "overlap": model["overlap"],
        "blending": "gaussian",
        "activation": "none",
        "labels": {"WML": 0},
        "threshold": model["threshold"],
    }
    path.with_suffix(".json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def main():
    """Simulate, train, write."""
    settings = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tasks = [(settings, part, n) for part, count in settings["heads"].items() for n in range(count)]
    started = time.time()
    with ProcessPoolExecutor(PROCESSES) as pool:
        heads = list(pool.map(draw_head, tasks, chunksize=4))
    print(f"{len(heads)} heads in {time.time() - started:.0f} s", flush=True)
    count = settings["heads"]["training"]
    network = train(settings, heads[:count], heads[count:])
    write(network, settings, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
