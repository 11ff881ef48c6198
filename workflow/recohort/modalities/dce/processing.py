"""A participant's two dynamic series to maps of perfusion, mean curves and a picture."""

from pathlib import Path

import numpy as np

from recohort.core.derivatives import Derivatives
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_image, write_json
from recohort.images.dce.acquisition import check_series, frame_times
from recohort.images.dce.artery import core
from recohort.images.dce.motion import align
from recohort.images.dce.perfusion import UNITS, Perfusion, perfusion
from recohort.images.dce.picture import side_by_side
from recohort.images.dce.relaxation import t1_from_flip_angles
from recohort.images.overlay import png
from recohort.modalities.dce.files import FOLDER, WHEN, Dynamic

MAPS = ("vp", "ktrans", "ve")
PLACES = (*MAPS, "failed_mask", "anatomy", "tumour")
STATUS = (*(f"{name}_{when}" for when in WHEN for name in PLACES), "curves", "overlay")
LONGEST_T1_S = 10.0
"""No tissue has a longer T1: the map would be in milliseconds."""


def check(root: Path, participant: str, *, images: dict, metrics: dict) -> list[str]:
    """Return what is wrong with a participant's headers, a sentence each; no voxel is read."""
    found = []
    for when in WHEN:
        try:
            files = Dynamic.of(root, participant, when, images=images)
            sentences = check_series(**files.headers(), concentration=images["concentration"])
            found.extend(f"{when} treatment: {sentence}" for sentence in sentences)
        except InputError as error:
            found.extend(str(error).splitlines())
    return found


def process(root: Path, participant: str, made: Path, *, images: dict, metrics: dict) -> tuple[dict, list[Path]]:
    """Make one participant's maps, before and after treatment.

    Parameters
    ----------
    root : Path
        The BIDS dataset.
    participant : str
        ``sub-001``.
    made : Path
        The dataset of maps that it is written into.
    images, metrics : dict
        The study's sections, complete; of `metrics` what is marked as needed.

    Returns
    -------
    row : dict
        ``status``; per session the paths of its maps below `made` and of its tumour mask; ``curves``, ``overlay``; then
        the quality measures, each with ``_before`` and ``_after``.
    files : list of Path
        What was written.

    Raises
    ------
    InputError
        The images are wrong, or no map can be made of them.
    """
    Findings.raise_from(check(root, participant, images=images, metrics=metrics))
    both = Derivatives(made, participant, None, FOLDER)
    places = {when: Derivatives(made, participant, images["sessions"][when], FOLDER) for when in WHEN}
    row, quality, curves, seen = {"status": "reconstructed"}, {}, {}, []
    for when in WHEN:
        files = Dynamic.of(root, participant, when, images=images)
        try:
            found, motion, affine, tumour, t1, late = _session(files, images)
        except InputError as error:
            raise InputError(f"{when} treatment: {error}") from None
        row |= {f"{name}_{when}": path for name, path in _write(places[when], found, affine, t1, images).items()}
        row[f"anatomy_{when}"] = places[when].write("desc-late_T1w", late, affine, {"Units": "arbitrary"})
        row |= {f"{name}_{when}": path for name, path in files.masks.items()}
        qc = {**found.qc, "motion": float(motion.max())}
        quality |= {f"{name}_{when}": value for name, value in qc.items()}
        curves[when] = {**found.curves, "motion_mm": None if np.isnan(motion).any() else motion.tolist()}
        seen.append((found.maps["vp"], affine, tumour))
    row["curves"] = _beside(both, "desc-curves_dce.json")
    write_json(curves, made / row["curves"])
    if images["overlay"]:
        row["overlay"] = _beside(both, "desc-overlay_vp.png")
        (made / row["overlay"]).write_bytes(png(side_by_side(seen)))
    written = [path for place in (both, *places.values()) for path in place.files()]
    return {**row, **quality}, sorted(written)


def _session(files: Dynamic, images: dict):
    """Return what one session gives, its motion, affine, tumour, T1 if fitted here, the mean of late frames."""
    series, affine = read_image(files.series)
    if not np.isfinite(series).all():
        raise InputError("the DCE series holds values that are no finite numbers, expected signal")
    masks, sidecar = files.mask_voxels(), files.sidecar
    if not masks["tumour"].any():
        raise InputError("the mask of tumour is empty, expected some voxels")
    if images["aif"]["kind"] == "mask":
        masks["aorta"] = core(masks["aorta"], affine, edge_voxels=images["aif"]["edge_voxels"])
    series, motion = align(series, affine, masks["tumour"], **images["motion"])
    t10 = T10[images["t10"]["kind"]](files, masks, **_without_kind(images["t10"]))
    found = perfusion(
        series,
        frame_times(sidecar, series.shape[-1]),
        t10,
        masks,
        tr=float(sidecar["RepetitionTime"]),
        flip_angle=float(sidecar["FlipAngle"]),
        **{name: images[name] for name in ("concentration", "aif", "delay", "fit")},
    )
    late = series[..., -max(1, round(images["motion"]["late_share"] * series.shape[-1])) :].mean(axis=-1)
    fitted = t10 if images["t10"]["kind"] == "flip_angles" else None
    return found, motion, affine, masks["tumour"], fitted, late.astype(np.float32)


def _without_kind(section: dict) -> dict:
    return {key: value for key, value in section.items() if key != "kind"}


def _fixed(files: Dynamic, masks: dict, *, seconds: float) -> float:
    return seconds


def _mapped(files: Dynamic, masks: dict) -> np.ndarray:
    t1, _ = read_image(files.t1map)
    t1 = np.where(t1 > 0, t1, np.nan)
    inside = t1[masks["tumour"]]
    if np.isnan(inside).all():
        raise InputError("the map of T1 has no positive value in the tumour, expected seconds")
    if (middle := float(np.nanmedian(inside))) > LONGEST_T1_S:
        raise InputError(
            f"the map of T1 has median {middle:.4g} in the tumour, expected seconds: it may be milliseconds"
        )
    return t1


def _flip_angles(files: Dynamic, masks: dict, *, fit: str, limits_s: list[float]) -> np.ndarray:
    signals, angles, tr = files.flip_angle_voxels()
    shape = signals.shape[:3]
    return t1_from_flip_angles(signals.reshape(-1, len(angles)), angles, tr=tr, fit=fit, limits_s=limits_s).reshape(
        shape
    )


T10 = {"fixed": _fixed, "mapped": _mapped, "flip_angles": _flip_angles}
"""Each takes files, masks and its settings; gives T1 without contrast, s."""


def _write(place: Derivatives, found: Perfusion, affine: np.ndarray, t1, images: dict) -> dict[str, str]:
    """Write a session's maps; return their paths below the dataset by name."""
    record = {"Model": images["fit"]["model"], "ArterialInput": images["aif"]["kind"]}
    paths = {
        name: place.write(f"{name}map", values, affine, {**record, "Units": UNITS[name]})
        for name, values in found.maps.items()
    }
    paths["failed_mask"] = place.write("desc-failed_mask", found.failed.astype(np.uint8), affine, {"Type": "ROI"})
    if t1 is not None:
        place.write("T1map", t1.astype(np.float32), affine, {"Units": "s"})
    return {name: paths[name] for name in (*MAPS, "failed_mask")}


def _beside(place: Derivatives, name: str) -> str:
    """Return the path below the dataset of what is no image; its folder is made."""
    place.folder.mkdir(parents=True, exist_ok=True)
    return (place.folder / f"{place.stem}_{name}").relative_to(place.root).as_posix()
