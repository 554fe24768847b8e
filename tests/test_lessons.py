"""Lessons: the pupil is shown a view, and told what the teacher sees in that very view.

A lesson has ten probabilities and sixteen features.
"""

import numpy as np
import pytest
from training import DATA, IMAGES, PUPIL, TAUGHT, TEACHER, changed, teacher_of

from classifier.backend.model_files import trained_network
from classifier.training.batches import Shares
from classifier.training.finish import averaged
from classifier.training.lessons import Lessons, softened, taught
from classifier.training.matching import with_features
from classifier.training.processes import Job
from classifier.training.views import views

VIEWS = views(TEACHER.flip, TEACHER.shift)
ROWS = DATA.train_rows


def lessons(seed: int, **knobs) -> Lessons:
    """Return lessons of an epoch."""
    batches = Lessons(TAUGHT, changed(PUPIL, batch_size=30, **knobs))
    batches.begin_epoch([seed, 0])
    return batches


def test_lesson_is_what_the_teacher_sees_in_the_view():
    """Each image is one of the views of a row, and its lesson is that view's."""
    batches = lessons(seed=1)
    for number in range(len(batches)):
        images, told = batches[number]
        for row, image, lesson in zip(batches.rows_of(number), images, told, strict=True):
            seen = [view.of(IMAGES[row : row + 1])[0] for view in VIEWS]
            is_it = [(each == image).all() for each in seen]
            assert any(is_it)
            expected = TAUGHT.taught[row, is_it.index(True)]
            np.testing.assert_allclose(lesson, expected, rtol=2e-3)  # their sum is 1 to float16


def test_features_are_left_out_where_the_recipe_does_not_match_them():
    _, both = lessons(seed=1)[0]
    _, probabilities = lessons(seed=1, feature_matching=None)[0]
    np.testing.assert_array_equal(probabilities, both[:, :10])


def test_all_views_are_drawn_about_as_often():
    drawn = np.concatenate([lessons(seed).drawn for seed in range(100)])
    counts = np.bincount(drawn, minlength=len(VIEWS))
    assert counts.min() > 0.85 * counts.mean()  # some 5 standard deviations


def test_seed_of_the_epoch_alone_decides_the_views():
    assert (lessons(1).drawn == lessons(1).drawn).all()
    assert (lessons(1).drawn != lessons(2).drawn).any()


def test_lessons_do_not_depend_on_how_many_are_gathered_at_a_time():
    batches = lessons(seed=3)
    rows = ROWS[:60]
    whole = batches.gather(rows)
    parts = batches.gather(rows.reshape(4, 15))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.reshape(other.shape), other)


def test_processes_share_the_lessons_of_a_batch():
    batches = lessons(seed=4)
    shares = [Shares(Job(index, 2, 2), batches)[0] for index in range(2)]
    for whole, parts in zip(batches[0], zip(*shares, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_temperature_divides_the_logits_by_hand():
    given = np.array([[0.9, 0.1, 0.0]], np.float16)
    roots = np.array([0.9**0.5, 0.1**0.5, 6e-8**0.5])
    np.testing.assert_allclose(softened(given, 2.0), [roots / roots.sum()], rtol=5e-3)


def test_recipes_temperature_softens_the_lessons():
    _, sharp = lessons(seed=5)[0]
    _, soft = lessons(seed=5, distillation_temperature=4.0)[0]
    np.testing.assert_array_equal(sharp[:, 10:], soft[:, 10:])  # the features
    sharp, soft = sharp[:, :10], soft[:, :10]
    assert (sharp.argmax(axis=1) == soft.argmax(axis=1)).all()
    assert sharp.max() > 0.9
    assert soft.max() < 0.3


@pytest.mark.parametrize("flip_averaging", [True, False])
def test_table_of_a_teacher_has_what_it_gives_for_each_view(flip_averaging):
    recipe = TEACHER.model_copy(update={"flip_averaging": flip_averaging})
    teacher = teacher_of(recipe)
    table = np.concatenate(list(taught(teacher, DATA, recipe)))
    whole = averaged(with_features(trained_network(teacher)), recipe)
    unit = np.sqrt(whole.predict(IMAGES[DATA.val_rows], verbose=0)[:, 10:].var(axis=0).mean())
    for place, view in enumerate(VIEWS):
        expected = whole.predict(view.of(IMAGES[ROWS]), verbose=0)
        received = table[ROWS, place].astype(np.float32)
        np.testing.assert_allclose(received[:, :10], expected[:, :10], atol=6e-4)  # float16's
        np.testing.assert_allclose(received[:, 10:], expected[:, 10:] / unit, rtol=2e-3, atol=1e-4)
    assert table.dtype == np.float16
    assert not table[DATA.val_rows].any()
