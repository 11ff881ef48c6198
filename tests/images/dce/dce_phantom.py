"""Dynamic series with known truth, made by dcmri, which shares no code with what is tested."""

import numpy as np

from recohort.core.io import write_image

TR, ANGLE, R1, HAEMATOCRIT, BLOOD_T10 = 0.0045, 25.0, 4.5, 0.42, 1.48
FINE = np.arange(0, 320, 0.1)
"""Seconds on which the truth is convolved."""

SHAPE, AFFINE = (24, 24, 6), np.diag([3.0, 3.0, 5.0, 1.0])
TISSUES = {
    "muscle": {"vp": 0.03, "ktrans": 0.05, "ve": 0.12, "t10": 0.95},
    "marrow": {"vp": 0.04, "ktrans": 0.06, "ve": 0.15, "t10": 0.55},
    "tumour": {"vp": 0.10, "ktrans": 0.15, "ve": 0.30, "t10": 1.10},
}
ANGLES = (2.0, 5.0, 10.0, 20.0)


def plasma_input(arrival=60.0, width=4.0):
    """Parker's input, widened as in an aorta that is further down, on `FINE`: plasma, mM."""
    import dcmri

    blood = 1000 * dcmri.aif_parker(FINE, BAT=arrival) * (arrival <= FINE)
    return dcmri.expconv(blood, width, FINE) / (1 - HAEMATOCRIT)


def tissue(plasma, times, *, vp, ktrans, ve, delay=0.0):
    """Concentration of the extended Tofts model at `times`, mM; `ve` None for Patlak's."""
    import dcmri

    late = np.interp(FINE - delay, FINE, plasma)
    if ve is None:
        made = dcmri.conc_tissue(late, t=FINE, kinetics="HFU", H=0.0, PS=ktrans / 60, vb=vp)
    else:
        made = dcmri.conc_tissue(late, t=FINE, kinetics="HF", H=0.0, vi=ve, PS=ktrans / 60, vb=vp)
    return np.interp(times, FINE, made)


def spoiled(concentration, t10, *, scale=1000.0, tr=TR, angle=ANGLE):
    """Signal of dcmri."""
    import dcmri

    return dcmri.signal_ss(scale, 1 / t10 + R1 * np.asarray(concentration, dtype=float), tr, angle)


def labels():
    """Air 0, muscle, marrow, tumour, aorta 4."""
    x, y, z = np.indices(SHAPE)
    made = np.zeros(SHAPE, int)
    made[(x - 11.5) ** 2 + (y - 11.5) ** 2 < 11**2] = 1
    made[(x > 9) & (x < 15) & (y > 3) & (y < 8)] = 2
    made[(x - 10) ** 2 + (y - 16) ** 2 + (1.6 * (z - 3)) ** 2 < 4**2] = 3
    made[(x - 17) ** 2 + (y - 8) ** 2 < 2.3**2] = 4
    return made


def phantom(seed, *, vp=0.10, delay=4.0, noise=0.01, frames=50, step=5.5, t10=1.10, arrival=60.0):
    """Series (x, y, z, frames), its times, flip angle images (angles), true T1, tissue labels."""
    rng = np.random.default_rng(seed)
    times, where = np.arange(frames) * step, labels()
    plasma = plasma_input(arrival)
    curves = {"aorta": spoiled(np.interp(times, FINE, plasma) * (1 - HAEMATOCRIT), BLOOD_T10)}
    truth = {name: dict(values) for name, values in TISSUES.items()}
    truth["tumour"] |= {"vp": vp, "t10": t10}
    for name, values in truth.items():
        kinetic = {key: values[key] for key in ("vp", "ktrans", "ve")}
        curves[name] = spoiled(tissue(plasma, times, delay=delay, **kinetic), values["t10"])
    series, t1 = np.zeros((*SHAPE, frames)), np.full(SHAPE, np.nan)
    for number, name in enumerate((*TISSUES, "aorta"), start=1):
        series[where == number] = curves[name]
        t1[where == number] = BLOOD_T10 if name == "aorta" else truth[name]["t10"]
    flips = np.stack([np.nan_to_num(spoiled(0, np.nan_to_num(t1, nan=1), angle=a)) * (where > 0) for a in ANGLES], -1)
    level = noise * series[where == 3].mean()
    series, flips = (
        np.abs(image + level * rng.standard_normal(image.shape)).astype(np.float32) for image in (series, flips)
    )
    return series, times, flips, t1, where


def write_session(root, participant, session, scan, *, affine=AFFINE, sidecar=None):
    series, times, flips, t1, where = scan
    stem = f"{participant}_ses-{session}"
    folder = root / participant / f"ses-{session}" / "perf"
    header = {"RepetitionTime": TR, "FlipAngle": ANGLE, "MagneticFieldStrength": 1.5}
    times = {"FrameTimes": np.asarray(times).tolist()}
    write_image(series, affine, folder / f"{stem}_dce.nii.gz", sidecar if sidecar is not None else {**header, **times})
    for number, angle in enumerate(ANGLES, start=1):
        beside = {**header, "FlipAngle": angle}
        write_image(flips[..., number - 1], affine, folder / f"{stem}_flip-{number}_VFA.nii.gz", beside)
    write_image(np.nan_to_num(t1).astype(np.float32), affine, folder / f"{stem}_T1map.nii.gz", {"Units": "s"})
    masks = root / "derivatives" / "masks" / participant / f"ses-{session}" / "perf"
    for number, name in ((2, "marrow"), (3, "tumour"), (4, "aorta")):
        write_image((where == number).astype(np.uint8), affine, masks / f"{stem}_label-{name}_mask.nii.gz")
    return folder
