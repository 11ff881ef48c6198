"""A dynamic series and what is known of its T1 to maps of perfusion, mean curves and their fits."""

from dataclasses import dataclass

import numpy as np

from recohort.core.errors import InputError
from recohort.images.dce.artery import Artery, find_artery, measured, plasma_of, population
from recohort.images.dce.concentration import baseline, find_arrival, to_concentration
from recohort.images.dce.kinetics import CHUNK, find_delay, fit_bounded, fit_linear, tissue_curve

UNITS = {"vp": "1", "ktrans": "1/min", "ve": "1", "delay": "s"}


@dataclass(frozen=True)
class Perfusion:
    """What one session gives.

    Attributes
    ----------
    maps : dict of str to ndarray of float32, (x, y, z)
        ``vp``, ``ktrans``, ``ve`` (`UNITS`), and ``delay`` where each voxel has its own. NaN where nothing was fitted.
    failed : ndarray of bool, (x, y, z)
        Voxels with signal that could not be fitted.
    curves : dict
        Mean curves of the artery and of each region with their fits, plain numbers and lists.
    qc : dict of str to float
        Quality measures.
    """

    maps: dict[str, np.ndarray]
    failed: np.ndarray
    curves: dict
    qc: dict[str, float]


@dataclass(frozen=True)
class _Scan:
    """Series, T1 and settings as every step takes them; frames that are skipped are in `signal` alone."""

    signal: np.ndarray
    t10: np.ndarray
    times: np.ndarray
    physics: dict

    def concentration(self, voxels) -> np.ndarray:
        """Concentration of some voxels in the frames that are fitted, (voxels, frames), mM."""
        made = to_concentration(self.signal[voxels], self.t10[voxels], **self.physics)
        return made[:, self.physics["skip_first"] :]

    @property
    def fitted_times(self) -> np.ndarray:
        return self.times[self.physics["skip_first"] :]


def perfusion(
    series, times, t10, masks, *, tr: float, flip_angle: float, concentration: dict, aif: dict, delay: dict, fit: dict
) -> Perfusion:
    """Make the maps of one session.

    Parameters
    ----------
    series : ndarray, (x, y, z, frames)
        Signal.
    times : ndarray, (frames,)
        Seconds.
    t10 : float or ndarray, (x, y, z)
        T1 without contrast, s.
    masks : dict of str to (ndarray of bool, (x, y, z), or None)
        ``tumour``; ``aorta`` where the input is measured in it; ``marrow``.
    tr, flip_angle : float
        Of the series, s and degrees.
    concentration, aif, delay, fit : dict
        Sections of the settings.

    Raises
    ------
    InputError
        A mask is empty, no frame precedes the contrast, the artery gives no concentrations, or no voxel of the tumour
        can be fitted.
    """
    for name, mask in masks.items():
        if mask is not None and not mask.any():
            raise InputError(f"the mask of {name} is empty, expected some voxels")
    shape, signal = series.shape[:3], series.reshape(-1, series.shape[-1])
    regions = {name: np.flatnonzero(mask) for name, mask in masks.items() if mask is not None}
    leads, skip = "tumour", concentration["skip_first"]
    if aif["kind"] == "automatic":
        roughly = find_arrival(signal[regions["tumour"]].mean(axis=0), skip_first=skip)
        regions["artery"] = np.flatnonzero(find_artery(series, before=roughly, skip_first=skip, voxels=aif["voxels"]))
    if aif["kind"] != "population":
        leads = "aorta" if aif["kind"] == "mask" else "artery"
    before = baseline(
        signal[regions[leads]].mean(axis=0),
        baseline_frames=concentration["baseline_frames"],
        skip_first=skip,
        what=f"the {leads}",
    )
    physics = {"tr": tr, "flip_angle": flip_angle, **concentration, "baseline_frames": before}
    scan = _Scan(signal, np.broadcast_to(np.asarray(t10, dtype=np.float32), shape).reshape(-1), times, physics)
    artery = _artery(scan, regions[leads], aif)

    lit = signal[:, skip:before].mean(axis=1)
    with np.errstate(invalid="ignore"):
        seen = lit >= fit["minimum_signal"] * np.median(lit[regions["tumour"]])
    curves = {
        name: _region(scan, regions[name][seen[regions[name]]], artery, name, delay=delay, fit=fit)
        for name in ("tumour", "marrow")
        if name in regions
    }
    flat, failed = _maps(scan, seen, artery, curves["tumour"]["delay_s"], delay=delay, model=fit["model"])
    if np.isnan(flat["vp"][regions["tumour"]]).all():
        raise InputError("no voxel of the tumour could be fitted, expected some")
    said = {"time_s": scan.fitted_times.tolist(), "baseline_frames": before, "model": fit["model"]}
    said["artery"] = {
        "kind": aif["kind"],
        "voxels": 0 if aif["kind"] == "population" else len(regions[leads]),
        "time_s": scan.fitted_times.tolist(),
        "plasma_mM": np.interp(scan.fitted_times, artery.time, artery.plasma).tolist(),
    }
    return Perfusion(
        maps={name: values.astype(np.float32).reshape(shape) for name, values in flat.items()},
        failed=failed.reshape(shape),
        curves={**said, **curves},
        qc=_quality(scan, regions["tumour"], flat, curves["tumour"], artery, delay),
    )


def _artery(scan: _Scan, voxels, aif: dict) -> Artery:
    """Return the input: a population's, or that of the mean signal in some voxels."""
    skip, haematocrit = scan.physics["skip_first"], aif["haematocrit"]
    if aif["kind"] == "population":
        arrival = float(scan.times[scan.physics["baseline_frames"] - 1])
        return population(scan.fitted_times, arrival=arrival, haematocrit=haematocrit)
    own = float(np.nanmedian(scan.t10[voxels])) if aif["t10"] == "mapped" else float(aif["t10"])
    blood = to_concentration(scan.signal[voxels].mean(axis=0), own, **scan.physics)[skip:]
    if not np.isfinite(blood).all():
        frame = int(np.argmax(~np.isfinite(blood))) + skip + 1
        raise InputError(
            f"the artery's signal in frame {frame} belongs to no concentration (T1 without contrast {own:.3g} s), "
            "expected a lower signal relative to that before the contrast"
        )
    return measured(scan.fitted_times, plasma_of(blood, haematocrit=haematocrit))


def _region(scan: _Scan, voxels, artery: Artery, name: str, *, delay: dict, fit: dict) -> dict:
    """Return the mean curve of a region, its delay and its fits."""
    tissue = scan.concentration(voxels)
    usable = np.isfinite(tissue).all(axis=1)
    if not usable.any():
        raise InputError(f"no voxel of the {name} could be fitted, expected some")
    mean, times, model = tissue[usable].mean(axis=0), scan.fitted_times, fit["model"]
    late = delay["seconds"]
    if delay["method"] != "given":
        late = float(find_delay(mean[None], times, artery, model=model, tried=delays(delay))[0][0])
    linear = fit_linear(mean[None], times, artery, model=model, delay=late)
    bounded = fit_bounded(mean, times, artery, model=model, delay=late, bounds=fit["bounds"])
    ve = np.inf if model == "patlak" else bounded["ve"]
    fitted = tissue_curve(times, artery, ktrans=bounded["ktrans"], ve=ve, vp=bounded["vp"], delay=late)
    return {
        "voxels": int(usable.sum()),
        "delay_s": late,
        "concentration_mM": mean.tolist(),
        "fitted_mM": fitted.tolist(),
        "linear": {key: _plain(values[0]) for key, values in linear._asdict().items()},
        "bounded": {key: _plain(value) for key, value in bounded.items()},
    }


def delays(delay: dict) -> np.ndarray:
    """Delays that are tried, s, both ends among them."""
    low, high = delay["range_s"]
    return low + np.arange(round((high - low) / delay["step_s"]) + 1) * delay["step_s"]


def _maps(scan: _Scan, seen, artery: Artery, late: float, *, delay: dict, model: str):
    """Return each map and where a voxel with signal failed, (voxels,)."""
    own = delay["method"] == "voxel"
    made = np.full((4, len(seen)), np.nan, dtype=np.float32)
    for voxels in np.split(at := np.flatnonzero(seen), range(CHUNK, len(at), CHUNK)):
        tissue = scan.concentration(voxels)
        if own:
            found, fits = find_delay(tissue, scan.fitted_times, artery, model=model, tried=delays(delay))
            made[3, voxels] = found
        else:
            fits = fit_linear(tissue, scan.fitted_times, artery, model=model, delay=late)
        made[:3, voxels] = fits.vp, fits.ktrans, fits.ve
    maps = dict(zip(("vp", "ktrans", "ve", *(["delay"] if own else [])), made, strict=False))
    return maps, seen & np.isnan(maps["vp"])


def _quality(scan: _Scan, tumour, flat: dict, curve: dict, artery: Artery, delay: dict) -> dict[str, float]:
    vp, ve = flat["vp"][tumour], flat["ve"][tumour]
    fitted = ~np.isnan(vp)
    before = scan.signal[tumour, scan.physics["skip_first"] : scan.physics["baseline_frames"]].astype(float)
    noise = before.std(axis=1, ddof=1) if before.shape[1] > 2 else np.full(len(tumour), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = (ve >= 0) & (ve <= 1)
        snr = float(np.median(before.mean(axis=1) / noise))
    return {
        "delay": curve["delay_s"],
        "delay_at_limit": int(delay["method"] != "given" and curve["delay_s"] in (*delay["range_s"],)),
        "failed": float(1 - fitted.mean()),
        "ve_implausible": float(1 - inside[fitted].mean()),
        "vp_negative": float((vp[fitted] < 0).mean()),
        "snr": snr if np.isfinite(snr) else float("nan"),
        "baseline_frames": scan.physics["baseline_frames"],
        "aif_peak": float(artery.plasma.max()),
        "t10": float(np.nanmedian(scan.t10[tumour])),
    }


def _plain(value) -> float | None:
    return float(value) if np.isfinite(value) else None
