"""The page and the figure of `stroke_wml.py`: every number is of the run that writes them."""

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtr

from recohort.figures.style import BLUE, GREEN, GREY, MARKERS, ORANGE, PALE, PURPLE, VERMILLION, new_figure, styled

Z = 1.959963984540054
BANDS = ((0.0, 1.0), (1.0, 5.0), (5.0, 20.0), (20.0, np.inf))
WORDS = {
    "true": "true",
    "network": "segmented by the study's network",
    "limits": "limits of agreement, additive",
    "cut": "the same, no volume below 0",
    "growing": "as wide, growing with the volume",
}
PLAIN, FIRTH, CALIBRATED, SIMEX = "maximum likelihood", "Firth", "Firth, regression calibration", "Firth, SIMEX"
CALIBRATED_ALONE = "Firth, regression calibration, told bias and SD alone"
HOW = {
    PLAIN: ("Maximum likelihood", BLUE),
    FIRTH: ("Firth", ORANGE),
    CALIBRATED_ALONE: ("Firth, calibrated by bias and SD alone", PURPLE),
    CALIBRATED: ("Firth, calibrated", VERMILLION),
    SIMEX: ("Firth, SIMEX", GREEN),
}


def place(compared: list, volumes: str, about: str) -> int:
    """Return which case has these volumes and this analysis."""
    return next(i for i, case in enumerate(compared) if (case.volumes, case.about) == (volumes, about))


def moved(compared: list, found: np.ndarray, planted: float, case: object) -> tuple[float, float]:
    """Return how far estimates lie nearer to zero than from true volumes, % of the planted, with Monte Carlo error."""
    same = place(compared, "true", FIRTH if case.penalty == "firth" else PLAIN)
    away = (found[:, compared.index(case), 0] - found[:, same, 0]) / abs(planted) * 100
    away = away[~np.isnan(away)] * (1 if planted < 0 else -1)
    return float(away.mean()), float(away.std(ddof=1) / np.sqrt(len(away)))


def covered(answers: np.ndarray, truth: float) -> tuple[float, float, float]:
    """Return coverage of Wald's and of the profile's 95 % interval, and how often the best interval leaves out 0, in %."""
    estimate, error, low, high = answers.T
    wald = np.stack([estimate - Z * error, estimate + Z * error])
    inside = 100 * np.mean((wald[0] < truth) & (wald[1] > truth))
    if np.isnan(low).all():
        return inside, np.nan, 100 * np.mean((wald[0] > 0) | (wald[1] < 0))
    return inside, 100 * np.mean((low < truth) & (high > truth)), 100 * np.mean((low > 0) | (high < 0))


def table(study: object, compared: list, found: np.ndarray) -> str:
    """Return a row per case."""
    lines = [
        "| volumes | model | fits | mean | bias (MC SE) | nearer to 0 than from true volumes, % (MC SE) | SD | mean SE | "
        "coverage: Wald, profile | power |\n|---|---|---|---|---|---|---|---|---|---|\n"
    ]
    for index, case in enumerate(compared):
        answers = found[:, index]
        answers = answers[~np.isnan(answers[:, 0])]
        mean, spread = answers[:, 0].mean(), answers[:, 0].std(ddof=1)
        wald, profile, power = covered(answers, study.planted)
        share, error = moved(compared, found, study.planted, case)
        nearer = "" if case.volumes == "true" else f"{share:+.1f} ({error:.1f})"
        both = f"{wald:.1f} %" + ("" if np.isnan(profile) else f", {profile:.1f} %")
        lines.append(
            f"| {WORDS[case.volumes]} | {case.about} | {len(answers)} | {mean:.4f} | "
            f"{mean - study.planted:+.4f} ({spread / np.sqrt(len(answers)):.4f}) | {nearer} | {spread:.4f} | "
            f"{answers[:, 1].mean():.4f} | {both} | {power:.0f} % |\n"
        )
    return "".join(lines)


def agreement(true: np.ndarray, segmented: np.ndarray, whose: str) -> str:
    """Return a row on segmented less true volumes."""
    away = segmented - true
    sd, slope = away.std(ddof=1), np.polyfit(true, segmented, 1)[0]
    bands = []
    for low, high in BANDS:
        inside = (true >= low) & (true < high)
        bands.append(f"{away[inside].std(ddof=1):.2f} ({inside.sum()})" if inside.sum() > 2 else "")
    limits = f"{away.mean() - Z * sd:.1f} to {away.mean() + Z * sd:.1f}"
    return (
        f"| {whose} | {len(true)} | {np.median(true):.2f}, {np.median(segmented):.2f} | {away.mean():+.2f} | {sd:.2f} | "
        f"{limits} | {slope:.3f} | {np.corrcoef(true, segmented)[0, 1]:.3f} | {' | '.join(bands)} |\n"
    )


def sentence(study: object, compared: list, found: np.ndarray, volumes: str) -> str:
    """Say what an error does to Firth's estimate, and what its corrections leave."""

    def words(about: str) -> str:
        share, error = moved(compared, found, study.planted, compared[place(compared, volumes, about)])
        return f"{abs(share):.1f} % (MC SE {error:.1f}) {'nearer to' if share > 0 else 'farther from'} zero"

    said = f"- *{capital(WORDS[volumes])}*: Firth's estimate is {words(FIRTH)} than from true volumes; "
    if volumes == "network":
        said += f"calibrated by bias and SD alone {words(CALIBRATED_ALONE)}; "
    return said + f"calibrated {words(CALIBRATED)}; with SIMEX {words(SIMEX)}.\n"


def capital(text: str) -> str:
    """Return a text with its first letter large."""
    return text[0].upper() + text[1:]


def page(
    study: object,
    compared: list,
    apart: np.ndarray,
    found: np.ndarray,
    *,
    entry: str,
    limits: tuple[float, float],
    replicates: int,
) -> str:
    """Return the page in Markdown."""
    network = compared[place(compared, "network", SIMEX)].told["error"]
    alone = compared[place(compared, "network", CALIBRATED_ALONE)].told["error"]
    growing = compared[place(compared, "growing", SIMEX)].told["error"]
    low, high = limits
    sd = (high - low) / (2 * Z)
    below, bias_cut, sd_cut = cut_at_zero(study.true, (low + high) / 2, sd)
    errors = found[:, place(compared, "true", FIRTH), 1]
    bands = " | ".join(
        f"SD {low:g} to {high:g} mL (n)" if np.isfinite(high) else f"SD above {low:g} mL (n)" for low, high in BANDS
    )
    parts = [
        f"""# The planted interaction from true, segmented and corrected volumes

Made by [`stroke_wml.py`](stroke_wml.py) from the finished study `{study.name}`; no number here is written by hand. It is about a
[synthetic trial](../methods/synthetic_wml.md) and says nothing about patients. Which analysis to choose:
[measurement error](../methods/measurement_error.md).

**What was done.** The {len(study.true)} patients with a CT, their covariates and their lesion volumes stay as they are. Allocation and outcome are
drawn anew {len(found)} times from the *true* volumes, with the planted log({np.exp(study.planted):g}) = {study.planted:.4f} per mL for aspirin x volume
on symptomatic haemorrhage. The study's model (`{entry}`) is fitted to each draw. So the bias is that of these volumes and these
segmentations, over trials. SIMEX has {replicates} replicates and a quadratic, calibration the model's variance. Power is how often the interval, the profile's where there is one,
leaves out 0.

## Results

""",
        table(study, compared, found),
        "\n![Estimates](stroke_wml.png)\n\n",
        "".join(sentence(study, compared, found, name) for name in WORDS if name != "true"),
        f"""- Median standard error from true volumes with Firth's penalty: {np.nanmedian(errors):.4f}; that of the published interval (0.93 to 0.99) is
  {np.log(0.99 / 0.93) / (2 * Z):.4f}.

## What the corrections were told

**Network.** Of {len(apart)} heads *apart*, drawn by the same settings with other seeds, imaged and segmented in the same way, and not of the study:
the line segmented = {network["bias"]:+.2f} mL + {network["slope"]:.3f} x true with an SD of {network["sd"]:.2f} mL about it; or, "bias and SD alone", what limits of agreement
tell, {alone["bias"]:+.2f} and {alone["sd"]:.2f} mL. The patients' own truth is never used. One SD for all volumes is told, whereas it grows with the volume.

| heads | n | median, true and segmented, mL | bias, mL | SD, mL | limits of agreement, mL | slope on true | r | {bands} |
|---|---|---|---|---|---|---|---|{"---|" * len(BANDS)}
""",
        agreement(apart[:, 0], apart[:, 1], "apart"),
        agreement(study.true, study.segmented, "of the study"),
        f"""
**Published limits of agreement**, {low:g} to {high:g} mL, of a sibling network: bias {(low + high) / 2:g}, SD {sd:.2f} mL. They compare segmented with
drawn volumes and so hold the errors of both; here the full width is added and told, which is the worst case. Errors are drawn anew in each
repetition, in three readings:

- *Additive*: true volume plus a normal error, whatever comes. At a median of {np.median(study.true):.2f} mL {100 * below:.0f} % of the measured volumes are then below 0, which
  no segmentation gives. It is the literal reading, and the one for which the correction is right.
- *No volume below 0*: the same, cut at 0. What is measured is possible, but over these patients the error then has a bias of {bias_cut:+.2f} and an
  SD of {sd_cut:.2f} mL and depends on the volume: the correction is told too much.
- *Growing*: the true volume times a log-normal factor of mean 1, so wide (SD {growing["sd"]:.3f} of its logarithm) that the differences over these patients
  have the published SD; the correction is told so on log(1 + x). A bias in proportion would make differences wider than published;
  a constant one changes no slope.
""",
    ]
    return "".join(parts)


def cut_at_zero(true: np.ndarray, bias: float, sd: float) -> tuple[float, float, float]:
    """Return the share of volumes with a normal error that are below 0, and bias and SD once these are set to 0."""
    middle = true + bias
    above = ndtr(middle / sd)
    density = np.exp(-((middle / sd) ** 2) / 2) / np.sqrt(2 * np.pi)
    mean = middle * above + sd * density
    square = (middle**2 + sd**2) * above + middle * sd * density
    away = mean - true
    spread = np.sqrt(np.mean(square - 2 * true * mean + true**2) - away.mean() ** 2)
    return float(np.mean(1 - above)), float(away.mean()), float(spread)


@styled
def figure(study: object, compared: list, found: np.ndarray) -> Figure:
    """Draw the estimates of every case: mean, middle half, and 95 % of them, against the planted value."""
    drawn = new_figure("double", 95, synthetic=True)
    axes = drawn.add_subplot()
    y, ticks, names = 0.0, [], []
    for volumes in WORDS:
        rows = [index for index, case in enumerate(compared) if case.volumes == volumes]
        start = y
        for index in rows:
            label, colour = HOW[compared[index].about]
            values = found[:, index, 0][~np.isnan(found[:, index, 0])]
            outer, inner = np.percentile(values, [2.5, 97.5]), np.percentile(values, [25, 75])
            axes.plot(outer, [y, y], color=colour, lw=0.8)
            axes.plot(inner, [y, y], color=colour, lw=3, solid_capstyle="butt")
            marker = MARKERS[list(HOW).index(compared[index].about)]
            axes.plot(
                values.mean(),
                y,
                marker,
                ms=4,
                color="white",
                mec=colour,
                mew=1,
                label=label if volumes == "network" else None,
            )
            y += 1
        ticks.append((start + y - 1) / 2)
        names.append(capital(WORDS[volumes]).replace(", ", ",\n").replace(" by the ", "\nby the "))
        axes.axhline(y, color=PALE, lw=0.5)
        y += 1
    axes.axvline(study.planted, color=GREY, lw=0.8, ls=(0, (4, 2)), label="Planted")
    firth = np.nanmean(found[:, place(compared, "true", FIRTH), 0])
    axes.axvline(firth, color=ORANGE, lw=0.8, ls=(0, (1.2, 1.2)), label="Mean of Firth, true volumes")
    axes.set(ylim=(y - 0.9, -1), yticks=ticks, yticklabels=names)
    axes.set_xlabel("Interaction aspirin x lesion volume, log ratio of odds ratios per mL")
    axes.tick_params(axis="y", length=0)
    title = f"n={len(study.true)} patients, {len(found)} trials; mean, middle half and 95 % of the estimates"
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, title=title)
    return drawn
