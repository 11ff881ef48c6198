import numpy as np
import pytest

from recohort.synthetic.nuclei import warp


@pytest.fixture
def head():
    rng = np.random.default_rng(3)
    return warp.Head(0.93, warp.draw_coefficients(rng, spacing_mm=28.0, sd_mm=2.5), 28.0)


@pytest.fixture
def pose():
    return warp.draw_pose(np.random.default_rng(4), degrees=3.0, shift_mm=2.0)


@pytest.fixture
def lattice(anatomy):
    return anatomy.lattice("gre")


def test_displacement_has_its_spread(lattice):
    """The mean square of a head rests on some 200 knots and 3 axes, that of 20 heads has an error of 2 %."""
    found = []
    for seed in range(20):
        head = warp.Head(1.0, warp.draw_coefficients(np.random.default_rng(seed), spacing_mm=28.0, sd_mm=2.5), 28.0)
        points = lattice.scanner_points() - warp.CENTRE_MM[:, None, None, None]
        moved = head.template_points(points) - points - warp.CENTRE_MM[:, None, None, None]
        found.append((moved**2).mean())
    assert np.mean(found) ** 0.5 == pytest.approx(2.5, rel=0.04)


def test_lattice_carries_the_warp_to_voxels_to_a_tenth_of_a_millimetre(head, pose, lattice):
    """Splines of 28 mm through nodes at 7 mm or less; the error of cubic interpolation goes with their fourth power."""
    nodes = head.template_points(pose.head_points(lattice.scanner_points()))
    index = np.stack(np.meshgrid(*[np.arange(0, n, 5) for n in lattice.shape], indexing="ij"))
    points = np.tensordot(lattice.affine[:3, :3], index, axes=1) + lattice.affine[:3, 3][:, None, None, None]
    exact = head.template_points(pose.head_points(points))
    carried = lattice.carry(nodes, [np.arange(0, n, 5) for n in lattice.shape])
    assert np.abs(carried - exact).max() < 0.1


def test_fine_grid_is_the_same_map(head, pose, lattice):
    nodes = head.template_points(pose.head_points(lattice.scanner_points()))
    whole = lattice.carry(nodes, [np.arange(n) for n in lattice.shape])
    part = lattice.carry(nodes, [np.arange(10.0, 20.0), np.arange(5.0, 9.0), np.arange(30.0, 33.0)])
    np.testing.assert_allclose(part, whole[:, 10:20, 5:9, 30:33], atol=1e-4)


def test_jacobian_of_a_scaling_is_that_of_its_cube(lattice, pose):
    still = warp.Head(0.8, np.zeros((3, 13, 13, 13)), 28.0)
    nodes = still.template_points(pose.head_points(lattice.scanner_points()))
    np.testing.assert_allclose(lattice.jacobian(nodes), 0.8**-3, rtol=1e-9)


@pytest.mark.parametrize("sd", [2.5, 8.0])
def test_every_head_can_be_inverted(sd, lattice, pose):
    """By differences between voxels, not by the splines that decide; 0.05 is left for what lies between nodes."""
    for seed in range(8):
        drawn = warp.draw_coefficients(np.random.default_rng(seed), spacing_mm=28.0, sd_mm=sd)
        head, nodes, smallest = warp.tamed(warp.Head(0.93, drawn, 28.0), lattice, pose, smallest_jacobian=0.35)
        points = lattice.carry(nodes, [np.arange(n) for n in lattice.shape]).astype(float)
        gradient = np.stack([np.stack(np.gradient(p, 2.5)) for p in points])
        determinant = np.linalg.det(np.moveaxis(gradient, (0, 1), (-2, -1)))
        assert smallest > 0.35
        assert determinant.min() > 0.3
        assert (np.abs(head.coefficients) <= np.abs(drawn)).all()


def test_a_point_of_the_template_is_found_in_the_scanner(head, pose):
    for target in ((0.0, 84.0, -8.0), (20.0, -4.0, 0.0), (-62.0, -30.0, -48.0)):
        found = warp.scanner_point(head, pose, target)
        back = head.template_points(pose.head_points(found[:, None]))[:, 0]
        np.testing.assert_allclose(back, target, atol=2e-3)


def test_motion_between_images_is_rigid_and_small(head, pose):
    motion = warp.draw_pose(np.random.default_rng(5), degrees=1.5, shift_mm=1.5)
    moved = pose.after(motion)
    np.testing.assert_allclose(moved.rotation @ moved.rotation.T, np.eye(3), atol=1e-12)
    point = np.array([[30.0], [10.0], [20.0]])
    through = pose.head_points(motion.head_points(point) + warp.CENTRE_MM[:, None])
    np.testing.assert_allclose(moved.head_points(point), through, atol=1e-9)
