import numpy as np

from facepad.training.stack.augment import Augmentation
from facepad.training.stack.pictures import cut

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_a_changed_crop_keeps_shape_and_type() -> None:
    found = Augmentation().crop(PICTURE, np.random.default_rng(1))
    assert found.shape == PICTURE.shape
    assert found.dtype == np.uint8
    assert not np.array_equal(found, PICTURE)


def test_changes_depend_on_the_generator_alone() -> None:
    one, other = (Augmentation().crop(PICTURE, np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(one, other)


def test_without_changes_a_crop_is_only_mirrored() -> None:
    still = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 100)
    grey = np.full((8, 8, 3), 120, np.uint8)
    assert np.array_equal(still.crop(grey, np.random.default_rng(0)), grey)


def test_a_box_moves_by_a_share_of_its_side_at_most() -> None:
    random = np.random.default_rng(3)
    boxes = np.array([Augmentation(0.1, 0.0).box((100, 100, 200, 200), random) for _ in range(50)])
    assert abs(boxes[:, :2] - 100).max() <= 10
    assert (boxes[:, 2] - boxes[:, 0] == 100).all()


def test_a_box_that_leaves_the_picture_is_not_moved() -> None:
    far = Augmentation(shift=50.0)
    for seed in range(5):
        crop = cut(PICTURE, (10, 10, 30, 30), (16, 1.0), far, np.random.default_rng(seed))
        assert crop.shape == (16, 16, 3)
