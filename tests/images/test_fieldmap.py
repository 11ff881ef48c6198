import numpy as np
import pytest

from recohort.images.qsm.fieldmap import GAMMA, fit_field, hertz_to_ppm
from recohort.images.qsm.phase import wrap

TIMES = (0.004, 0.009, 0.014, 0.019)
UNWRAPPING = {"method": "best_path"}
OFFSET = {"method": "mcpc-3d-s", "smoothing_mm": 2}


@pytest.fixture
def echoes(positions):
    """Echoes of a known field (-90 to 90 Hz) with an offset of two turns across the ball, noise at SNR 50."""
    where = positions((40, 40, 40))
    x, y, z = where
    ball = (where**2).sum(axis=0) < 17**2
    hertz = 4 * x + 0.1 * y**2 - 0.1 * z**2 + 20 * np.exp(-((where - 4) ** 2).sum(axis=0) / 20)
    offset = 0.3 * z + 0.003 * (x**2 - y**2) + 0.4

    def made(times=TIMES, offset=offset, noise=0.02, polarity=1):
        rng = np.random.default_rng(0)
        signal = np.stack([np.exp(1j * (polarity * 2 * np.pi * hertz * t + offset) - 20 * t) for t in times])
        signal += noise * (rng.standard_normal(signal.shape) + 1j * rng.standard_normal(signal.shape))
        return np.abs(signal).astype(np.float32), np.angle(signal).astype(np.float32)

    return made, hertz, ball


def fitted(magnitude, phase, ball, times=TIMES, unwrapping=UNWRAPPING, offset_removal=OFFSET):
    return fit_field(
        magnitude,
        phase,
        ball,
        echo_times=times,
        voxel_size=(1, 1, 1),
        unwrapping=unwrapping,
        offset_removal=offset_removal,
    )


def error(found, hertz, ball):
    """Difference off its median: one number of turns, and thus one frequency, is not known."""
    difference = (found.hertz - hertz)[ball]
    return difference - np.median(difference)


@pytest.mark.parametrize("method", ["mcpc-3d-s", "none"])
def test_field_comes_back_under_offset_and_noise(echoes, method):
    made, hertz, ball = echoes
    found = fitted(*made(), ball, offset_removal={"method": method, "smoothing_mm": 2})
    wrong = error(found, hertz, ball)
    # Cramer-Rao: sd = 1 / (2 pi SNR sqrt(sum s^2 (t - mean t)^2)), s the decayed signal, mean 0 when through 0.
    weighted = np.exp(-40 * np.array(TIMES))
    mean = 0 if method == "mcpc-3d-s" else np.average(TIMES, weights=weighted)
    bound = 0.02 / (2 * np.pi * np.sqrt((weighted * (np.array(TIMES) - mean) ** 2).sum()))
    spread = 1.4826 * np.median(np.abs(wrong))
    # The smoothed offset carries some noise of its own and a little of its curvature.
    assert 0.9 * bound < spread < 1.4 * bound
    # No voxel is a turn off between the first echoes (200 Hz), nor at the last one (50 Hz).
    assert np.abs(wrong).max() < 3
    assert found.qc["neighbour_jumps"] == 0
    assert found.qc["echo_outliers"] == 0
    assert (found.hertz[~ball] == 0).all()


def test_later_echoes_are_predicted_by_all_before_them(echoes):
    """At SNR 8, two echoes 4 ms apart say the tenth within 1.8 rad; nine echoes say it well within half a turn."""
    made, _, ball = echoes
    times = tuple(0.004 * n for n in range(1, 11))
    magnitude, phase = made(times, offset=0, noise=0.125 * np.exp(-20 * 0.02))
    # Residuals above half a turn are echoes a turn off; of pure noise at the last echo, one in a thousand exceed it.
    assert fitted(magnitude, phase, ball, times).qc["echo_outliers"] < 0.001


def test_residual_is_the_noise(echoes):
    made, _, ball = echoes
    clean = fitted(*made(noise=0, offset=0), ball)
    noisy = fitted(*made(offset=0), ball)
    assert clean.qc["echo_residual"] < 1e-3
    # Phase noise is 0.02 / signal: 0.022 rad at echo 1 to 0.029 at echo 4, less one degree of freedom of four.
    assert 0.018 < noisy.qc["echo_residual"] < 0.028
    assert noisy.residual[ball].mean() == pytest.approx(noisy.qc["echo_residual"], rel=0.2)


def test_weight_follows_the_signal(echoes):
    made, _, ball = echoes
    magnitude, phase = made()
    magnitude[:, :20] *= 2
    weight = fitted(magnitude, phase, ball).weight
    assert weight[ball].mean() == pytest.approx(1, abs=1e-4)
    # Noise of 2 % on single magnitudes averages out over the halves.
    assert weight[:20][ball[:20]].mean() / weight[20:][ball[20:]].mean() == pytest.approx(2, rel=0.01)


def test_wrong_polarity_turns_the_field(echoes):
    made, hertz, ball = echoes
    found = fitted(*made(polarity=-1, offset=0), ball)
    assert np.polyfit(hertz[ball], found.hertz[ball], 1)[0] == pytest.approx(-1, abs=0.01)


def test_one_echo_and_two_echoes(echoes):
    made, hertz, ball = echoes
    one = fitted(*made((0.009,), offset=0), ball, (0.009,))
    assert np.abs(error(one, hertz, ball)).max() < 3
    assert np.isnan(one.qc["echo_residual"])
    two = fitted(*made(TIMES[:2]), ball, TIMES[:2], offset_removal={"method": "none", "smoothing_mm": 2})
    assert np.isnan(two.qc["echo_residual"])
    assert np.abs(error(two, hertz, ball)).max() < 10


def test_laplacian_agrees_with_best_path(echoes):
    made, hertz, ball = echoes
    found = fitted(*made(), ball, unwrapping={"method": "laplacian"})
    # The Laplacian spreads noise and edges as smooth fields; a tenth of the field's spread is what it costs here.
    assert error(found, hertz, ball).std() < 0.1 * hertz[ball].std()


def test_a_wrong_echo_time_shows_in_the_residual(echoes):
    made, _, ball = echoes
    right = fitted(*made(offset=0), ball).qc["echo_residual"]
    wrong = fitted(*made(offset=0), ball, (0.004, 0.009, 0.014, 0.021)).qc["echo_residual"]
    assert wrong > 5 * right


def test_a_voxel_without_signal_stays_finite(echoes):
    made, _, ball = echoes
    magnitude, phase = made()
    magnitude[:, 20, 20, 20] = 0
    assert np.isfinite(fitted(magnitude, phase, ball).hertz).all()


def test_ppm():
    # 1 ppm of 3 T is 127.7 Hz.
    assert hertz_to_ppm(np.float32(127.732435554), 3) == pytest.approx(1)
    assert GAMMA == 42.577478518


def test_wrap():
    assert wrap(np.float32([0, 3.2, -3.2, 7])) == pytest.approx(
        [0, 3.2 - 2 * np.pi, 2 * np.pi - 3.2, 7 - 2 * np.pi], abs=1e-6
    )
