"""Train the demonstration network of white matter lesions on simulated CT, and write it as ONNX with its description.

    python training/train_wml.py training/wml_demonstration.yaml data/models/wml_demonstration.onnx

Needs torch and onnx beside the project's packages; using the network needs neither. One thread, some 25
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
from recohort.images.grid import Grid  # noqa: E402
from recohort.images.wml.brain import brain_mask  # noqa: E402
from recohort.images.wml.network import bounding_box, windowed  # noqa: E402
from recohort.synthetic.wml.head import simulate_head  # noqa: E402

PROCESSES = 2
SMOOTHING = 5.0
"""Voxels added to both parts of a patch's Dice, so that it is defined without lesion."""


def draw_head(task):
    """Simulate one head as the network sees it: windowed image, brain and lesion on its axes, to the brain's box.

    Heads for training have the ranges of the settings, those for validation the ranges of the synthetic cohort.
    """
    settings, part, number = task
    rng = generator(settings["seed"], "wml_training", part, number)
    heads = with_defaults({"kind": "wml"}, load_schema("synthetic/wml"))["heads"]
    heads |= settings["ranges"] if part == "training" else {}
    smallest, largest = (settings["volume_ml"][name] for name in ("smallest", "largest"))
    volume = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    age = float(rng.uniform(*settings["age_years"]))
    ct, masks, affine = simulate_head({"anatomy": settings["anatomy"], "heads": heads}, rng, age=age, wml_ml=volume)
    brain = brain_mask(ct.astype(np.float32), affine, **settings["brain"])
    spacing = settings["anatomy"]["voxel_size_mm"]
    grid = Grid.between(ct.shape, affine, orientation=settings["model"]["orientation"], spacing_mm=spacing)
    brain, lesion = (grid.there(mask) > 0.5 for mask in (brain, masks["WML"]))
    image = windowed(grid.there(ct), brain, window=settings["model"]["window"], brain_only=True)
    box = bounding_box(brain)
    return (image * 255).round().astype(np.uint8)[box], brain[box], lesion[box]


class Block(nn.Module):
    """Two 3 x 3 convolutions of slices; `deep` makes the second one 3 x 3 x 3.

    Slices are the batch: convolutions of images are several times faster than those of volumes.
    """

    def __init__(self, before, after, *, deep):
        super().__init__()
        self.deep = deep
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.second = nn.Conv2d(3 * after if deep else after, after, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, slices, count):
        """Features of (batch x count, channel, x, y), where `count` is the number of slices of a volume."""
        made = torch.relu(self.first(slices))
        if self.deep:
            made = made.unflatten(0, (-1, count))
            around = nn.functional.pad(made, (0, 0, 0, 0, 0, 0, 1, 1))
            made = torch.cat([around[:, :-2], made, around[:, 2:]], 2).flatten(0, 1)
        return torch.relu(self.norm(self.second(made)))


class Network(nn.Module):
    """A U-Net that coarsens in plane only, twice; 1 channel in [0, 1] to 1 channel of logits."""

    def __init__(self, channels):
        super().__init__()
        a, b, c = channels
        self.first, self.second, self.third = Block(1, a, deep=False), Block(a, b, deep=True), Block(b, c, deep=True)
        self.up_second, self.up_first = Block(b + c, b, deep=True), Block(a + b, a, deep=False)
        self.last = nn.Conv2d(a, 1, 1)
        nn.init.constant_(self.last.bias, -3.0)  # lesion is rare
        self.coarser = nn.MaxPool2d(2)
        self.finer = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, image):
        """Logits of lesion, (batch, 1, x, y, z)."""
        count = image.shape[4]
        slices = (4 * (image - 0.5)).permute(0, 4, 1, 2, 3).flatten(0, 1)
        first = self.first(slices, count)
        second = self.second(self.coarser(first), count)
        third = self.third(self.coarser(second), count)
        second = self.up_second(torch.cat([self.finer(third), second], 1), count)
        made = self.last(self.up_first(torch.cat([self.finer(second), first], 1), count))
        return made.unflatten(0, (-1, count)).permute(0, 2, 3, 4, 1)


class Probabilities(nn.Module):
    """The network with its sigmoid, as it is written."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        """Probability of lesion."""
        return torch.sigmoid(self.network(image))


def patches(heads, rng, *, batch, patch, around_lesions):
    """Draw a batch: images, lesions and where they count, each (batch, 1, x, y, z)."""
    drawn = []
    for _ in range(batch):
        head = heads[rng.integers(len(heads))]
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
    """Cross-entropy within the brain, and the mean soft Dice of patches: small lesions count as large ones."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, lesion, weight=brain, reduction="sum")
    probability = torch.sigmoid(logits) * brain
    overlap, both = ((one * two).sum((1, 2, 3, 4)) for one, two in ((probability, lesion), (1, probability + lesion)))
    return 3 * entropy / (brain.sum() + 1) + 1 - ((2 * overlap + SMOOTHING) / (both + SMOOTHING)).mean()


def validate(network, heads, thresholds):
    """Dice at each threshold, (heads, thresholds), and found and true volume in voxels; the latter (heads, 1)."""
    network.eval()
    logits = np.log(thresholds) - np.log1p(-np.asarray(thresholds))
    overlap, found, true = [], [], []
    with torch.no_grad():
        for image, brain, lesion in heads:
            made = network(padded(torch.from_numpy(image.astype(np.float32)[None, None] / 255)))[0, 0].numpy()
            made = made[tuple(slice(0, n) for n in image.shape)]
            masks = [(made > logit) & brain for logit in logits]
            overlap.append([2 * (mask & lesion).sum() for mask in masks])
            found.append([mask.sum() for mask in masks])
            true.append([lesion.sum()])
    network.train()
    overlap, found, true = (np.array(one, float) for one in (overlap, found, true))
    return overlap / np.maximum(found + true, 1), found, true


def padded(image):
    """A batch with zeros at its far ends, so that it can be coarsened twice in plane."""
    x, y = (-n % 4 for n in image.shape[2:4])
    return nn.functional.pad(image, (0, 0, 0, y, 0, x))


def best_threshold(network, heads, *, voxel_ml, thresholds):
    """The threshold of the largest mean Dice of heads of more than 1 mL."""
    dice, found, true = validate(network, heads, thresholds)
    large = true[:, 0] * voxel_ml > 1
    for n, threshold in enumerate(thresholds):
        print(
            f"threshold {threshold}: Dice above 1 mL {dice[large, n].mean():.3f}, below {dice[~large, n].mean():.3f}, "
            f"volume {found[:, n].sum() / true.sum():.3f} of the true, median error below 1 mL "
            f"{np.median(found[~large, n] - true[~large, 0]) * voxel_ml:+.2f} mL",
            flush=True,
        )
    return thresholds[int(np.argmax(dice[large].mean(axis=0)))]


def train(settings, training, validation):
    """Train in the cycles of the settings; return the network of the last step."""
    torch.manual_seed(settings["seed"])
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    rng = generator(settings["seed"], "wml_training", "patches")
    network = Network(**settings["network"]).to(memory_format=torch.channels_last)
    print(sum(p.numel() for p in network.parameters()), "parameters")
    how = dict(settings["training"])
    voxel_ml = float(np.prod(settings["anatomy"]["voxel_size_mm"])) / 1000
    for cycle in how.pop("cycles"):
        run_cycle(network, training, validation, rng, voxel_ml=voxel_ml, **how, **cycle)
    return network.eval()


def run_cycle(
    network, training, validation, rng, *, steps, learning_rate, around_lesions, batch, patch, validate_every, voxel_ml
):
    """Train while the learning rate rises and falls once, with an optimiser of its own."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=steps, pct_start=0.1)
    started, total = time.time(), 0.0
    first, last = around_lesions
    for step in range(1, steps + 1):
        share = first + step / steps * (last - first)
        image, lesion, brain = patches(training, rng, batch=batch, patch=patch, around_lesions=share)
        loss = loss_of(network(image), lesion, brain)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if step % validate_every == 0:
            dice, found, true = validate(network, validation[::3], [0.5])
            print(
                f"step {step}: loss {total / validate_every:.3f}, "
                f"Dice above 1 mL {dice[true * voxel_ml > 1].mean():.3f}, "
                f"volume {found.sum() / true.sum():.3f} of the true, {time.time() - started:.0f} s",
                flush=True,
            )
            total = 0.0


def write(network, settings, threshold, path):
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
        "threshold": threshold,
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
    voxel_ml = float(np.prod(settings["anatomy"]["voxel_size_mm"])) / 1000
    threshold = best_threshold(network, heads[count:], voxel_ml=voxel_ml, thresholds=settings["model"]["thresholds"])
    write(network, settings, threshold, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
