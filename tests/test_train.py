"""Training: the published network, honest figures, fixed order, the same numbers as plain Keras, equal files."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import make_images

from stages.backend import load_keras
from stages.errors import InputError
from stages.params import ConvolutionalRecipe, DenseRecipe, WideResidualRecipe

keras = load_keras()

from stages.train import __main__ as train  # noqa: E402
from stages.train import batches, checkpoint, fitting, networks, picture, saving  # noqa: E402

on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the path of that backend alone")

IMAGES, LABELS = make_images(25, seed=1)
ROWS = np.random.default_rng(0).permutation(250)
TRAIN_ROWS, VAL_ROWS = ROWS[:200], ROWS[200:]
RECIPE = DenseRecipe(
    network="dense",
    units=[32, 16],
    activation="relu",
    dropout=0.3,
    optimizer="adam",
    learning_rate=0.003,
    batch_size=32,
    epochs=12,
    patience=3,
)


# Everything that a recipe can ask for, on the smallest network.
FULL = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "learning_rate_schedule": "cosine_decay",
    "warmup_epochs": 1,
    "batch_size": 32,
    "epochs": 4,
    "label_smoothing": 0.1,
    "flip": True,
    "shift": 1,
    "erasing": 0.3,
    "flip_averaging": True,
    "temperature_scaling": True,
}
CONVOLUTIONAL = ConvolutionalRecipe(
    network="convolutional", filters=[8, 16], activation="relu", dtype="mixed_bfloat16", **FULL
)
WIDE = WideResidualRecipe(network="wide_residual", depth=10, width=1, dropout=0.1, **FULL)


class Live:
    """Records what DVCLive would be given."""

    def __init__(self):
        self.step, self.rows = 0, []

    def log_metric(self, name, value):
        self.rows.append((self.step, name, value))

    def next_step(self):
        self.step += 1


def trained(recipe=RECIPE, seed=1, path=None):
    """Train from a checkpoint at `path`, if there is one; return the model, its metrics and what was reported."""
    keras.utils.clear_session()  # names of layers are counted anew, as in a process of its own
    keras.utils.set_random_seed(seed)
    network = networks.build(recipe, (28, 28), 10)
    live, saved = Live(), checkpoint.Checkpoint(path or Path(tempfile.mkdtemp()) / "train", "mark")
    return *fitting.fit(network, IMAGES, LABELS, TRAIN_ROWS, VAL_ROWS, recipe, seed, live, saved), live


def test_baseline_has_567434_parameters_and_the_published_layers():
    network = networks.dense_network((28, 28), 10, [512, 256, 128], "relu", 0.3)
    assert network.count_params() == 567_434
    kinds = [(type(layer).__name__, getattr(layer, "units", getattr(layer, "rate", None))) for layer in network.layers]
    assert kinds == [
        ("InputLayer", None),
        ("Rescaling", None),
        ("Flatten", None),
        ("Dense", 512),
        ("Dropout", 0.3),
        ("Dense", 256),
        ("Dropout", 0.3),
        ("Dense", 128),
        ("Dense", 10),
    ]


def test_network_scales_raw_pixels_itself():
    network = networks.dense_network((28, 28), 10, [8], "relu", 0.0)
    images = IMAGES[:4]
    (kernel_1, bias_1), (kernel_2, bias_2) = (layer.get_weights() for layer in network.layers if layer.get_weights())
    hidden = np.maximum(images.reshape(4, 784) / 255 @ kernel_1 + bias_1, 0)
    logits = hidden @ kernel_2 + bias_2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.predict(images, verbose=0), expected, rtol=1e-4)


def epoch_rows(rows, seed, epoch):
    chosen = batches.Batches(IMAGES, LABELS, rows, 64)
    batches.Shuffle(chosen, seed).on_epoch_begin(epoch)
    return chosen.rows[:]


def test_shuffle_keeps_every_row_and_changes_with_seed_and_epoch():
    first = epoch_rows(TRAIN_ROWS, seed=1, epoch=0)
    assert sorted(first) == sorted(TRAIN_ROWS)
    assert (first == epoch_rows(TRAIN_ROWS, seed=1, epoch=0)).all()
    assert (first != epoch_rows(TRAIN_ROWS, seed=1, epoch=1)).any()
    assert (first != epoch_rows(TRAIN_ROWS, seed=2, epoch=0)).any()


def test_shuffle_does_not_depend_on_the_epochs_before():
    chosen = batches.Batches(IMAGES, LABELS, TRAIN_ROWS, 64)
    shuffle = batches.Shuffle(chosen, seed=5)
    for epoch in (0, 1, 7):
        shuffle.on_epoch_begin(epoch)
    assert (chosen.rows[:] == epoch_rows(TRAIN_ROWS, 5, 7)).all()


def pools(monkeypatch):
    """Rows 1000 to 8000, but for each tenth, shuffled in blocks of 10 and pools of 20 blocks."""
    monkeypatch.setattr(batches, "BLOCK_BYTES", 10 * 784)
    monkeypatch.setattr(batches, "POOL_BLOCKS", 20)
    rows = np.arange(1000, 8000)
    return rows[rows % 10 != 0], batches.Shuffled(rows[rows % 10 != 0], 784, [1, 2])


def test_shuffle_in_pools_keeps_every_row_and_slices_agree(monkeypatch):
    rows, order = pools(monkeypatch)
    whole = order[:]
    assert len(order) == len(whole) == len(rows)
    assert sorted(whole) == rows.tolist()
    for size in (1, 64, 199, 3000):
        np.testing.assert_array_equal(np.concatenate([order[n : n + size] for n in range(0, len(rows), size)]), whole)
    assert len(order[6300:6400]) == 0


def test_shuffle_in_pools_mixes_all_of_the_file_and_reads_it_in_blocks(monkeypatch):
    rows, order = pools(monkeypatch)
    pool = np.sort(order[:200])
    assert (np.diff(pool) <= 2).mean() >= 0.85  # neighbours, in 20 blocks
    assert abs(pool.mean() - rows.mean()) < 1500  # of blocks from everywhere: 3 standard errors
    assert abs(np.corrcoef(order[:], np.arange(len(rows)))[0, 1]) < 0.1


def test_shuffle_of_what_fits_into_a_pool_is_a_permutation():
    """Which the published figures were had with."""
    np.testing.assert_array_equal(epoch_rows(TRAIN_ROWS, 3, 4), np.random.default_rng([3, 4]).permutation(TRAIN_ROWS))


def test_batches_follow_the_rows_with_a_short_last_one():
    chosen = batches.Batches(IMAGES, LABELS, TRAIN_ROWS, 64)
    parts = [chosen[number] for number in range(len(chosen))]
    assert [len(labels) for _, labels in parts] == [64, 64, 64, 8]
    np.testing.assert_array_equal(np.concatenate([images for images, _ in parts]), IMAGES[TRAIN_ROWS])
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in parts]), LABELS[TRAIN_ROWS])


OPTIMIZERS = {"adam": 0.0005, "adamw": 0.0005, "lion": 0.0001, "nadam": 0.0005, "rmsprop": 0.0005, "sgd": 0.05}


@on_tensorflow
@pytest.mark.parametrize(
    ("optimizer", "call_bytes"),  # 1: one batch a call; 100,000: two; 10,000,000: an epoch
    [("adam", 1), ("adam", 10_000_000), *((optimizer, 100_000) for optimizer in OPTIMIZERS)],
)
def test_loop_and_plain_keras_agree_after_20_steps(optimizer, call_bytes, monkeypatch):
    """Same first weights, same batches, the last of an epoch short, no dropout: one path is ours, one plain Keras.

    The images are noise: where a pixel is always 0, as in real images' corners, Adam divides a rounding error by
    another, and two correct programs drift apart.
    """
    from stages.train import accelerate

    monkeypatch.setattr(accelerate, "CALL_BYTES", call_bytes)
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (200, 28, 28), np.uint8), generator.integers(0, 10, 200, np.uint8)
    units = [512, 256, 128] if optimizer == "adam" else [32, 16]

    def network():
        keras.utils.set_random_seed(3)
        return networks.dense_network((28, 28), 10, units, "relu", 0.0)

    def compiled(model, loss):
        config = {"class_name": optimizer, "config": {"learning_rate": OPTIMIZERS[optimizer]}}
        model.compile(keras.optimizers.get(config), loss, metrics=["accuracy"])
        return model

    fast = compiled(fitting.trainer(network(), RECIPE), fitting.crossentropy)
    assert isinstance(fast, accelerate.LoopModel)
    plain = compiled(network(), "sparse_categorical_crossentropy")
    chosen = batches.Batches(images, labels, np.arange(200), 60)
    history = fast.fit(
        chosen,
        validation_data=batches.Batches(images, labels, np.arange(70), 50),
        epochs=5,
        shuffle=False,
        callbacks=[batches.Shuffle(chosen, seed=5)],
        verbose=0,
    ).history
    for epoch in range(5):
        rows = np.random.default_rng([5, epoch]).permutation(200)
        expected = plain.fit(
            images[rows],
            labels[rows],
            60,
            validation_data=(images[:70], labels[:70]),
            shuffle=False,
            verbose=0,
        ).history
        for name, values in expected.items():
            assert history[name][epoch] == pytest.approx(values[0], rel=1e-4), name
    assert fast.optimizer.iterations == plain.optimizer.iterations == 20
    one, other = (np.concatenate([w.ravel() for w in model.get_weights()]) for model in (fast, plain))
    assert np.linalg.norm(one - other) < 1e-4 * np.linalg.norm(other)


@on_tensorflow
def test_dropout_is_keras_dropout_on_other_numbers():
    import tensorflow as tf

    from stages.train.accelerate import Dropout

    dropout, ones = Dropout(0.3, seed=1), np.ones((400, 500), np.float32)
    first, second = (tf.function(dropout, jit_compile=True)(ones, training=True).numpy() for _ in range(2))
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.7)}
    assert first.mean() == pytest.approx(1, abs=0.01)  # 6.8 standard errors
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.007)
    assert ((first == 0) & (second == 0)).mean() == pytest.approx(0.09, abs=0.005)  # independent
    np.testing.assert_array_equal(dropout(ones), ones)


def test_only_accelerate_and_export_import_tensorflow():
    """So that training and evaluation run on another backend of Keras; the converters are TensorFlow's."""
    sources = [path for path in Path("stages").rglob("*.py") if "tensorflow as tf" in path.read_text("utf-8")]
    assert sorted(sources) == [Path("stages/export.py"), Path("stages/train/accelerate.py")]


def test_other_backends_train_with_plain_keras(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    metrics = trained()[1]
    assert metrics["val_accuracy"] > 0.9


def test_metrics_are_those_of_the_restored_model_without_dropout():
    network, metrics, live = trained(RECIPE.model_copy(update={"epochs": 40, "learning_rate": 0.03}))
    val_losses = [value for _, name, value in live.rows if name == "val_loss"]
    assert metrics["best_epoch"] == 1 + int(np.argmin(val_losses))
    assert metrics["epochs"] == len(val_losses) == metrics["best_epoch"] + RECIPE.patience  # it stopped early
    for name, rows in {"train": TRAIN_ROWS, "val": VAL_ROWS}.items():
        labels = LABELS[rows]
        probabilities = network.predict(IMAGES[rows], verbose=0)
        loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
        accuracy = (probabilities.argmax(axis=1) == labels).mean()
        assert metrics[f"{name}_loss"] == pytest.approx(loss, abs=2e-6)
        assert metrics[f"{name}_accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert metrics["val_loss"] == pytest.approx(min(val_losses), abs=2e-6)


def test_network_learns_what_can_be_learned():
    assert trained()[1]["val_accuracy"] > 0.9


def test_best_weights_are_restored_when_epochs_run_out():
    """At this learning rate the last epoch is not the best, and patience does not end the training."""
    metrics, live = trained(RECIPE.model_copy(update={"epochs": 9, "patience": 99, "learning_rate": 0.05}))[1:]
    val_losses = [value for _, name, value in live.rows if name == "val_loss"]
    assert metrics["epochs"] == 9
    assert metrics["best_epoch"] == 1 + int(np.argmin(val_losses)) < 9
    assert metrics["val_loss"] == pytest.approx(min(val_losses), abs=2e-6)


def test_each_epoch_is_reported_from_1_on():
    _, metrics, live = trained(RECIPE.model_copy(update={"epochs": 2}))
    assert metrics["epochs"] == 2
    assert [(step, name) for step, name, _ in live.rows] == [
        (step, name) for step in (1, 2) for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    ]


def test_diverging_training_is_an_error():
    with pytest.raises(
        InputError, match="training diverged in epoch 1: expected finite losses, received train_loss nan"
    ):
        trained(RECIPE.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30}))


@pytest.mark.parametrize(
    "recipe", [RECIPE, RECIPE.model_copy(update=FULL), CONVOLUTIONAL], ids=["dense", "full", "convolutional"]
)
def test_equal_training_saves_equal_bytes_and_another_seed_other_ones(recipe, tmp_path):
    recipe = recipe.model_copy(update={"epochs": 2})
    contents = []
    for seed in (1, 1, 2):
        saving.save(trained(recipe, seed)[0], tmp_path / "model.keras")
        contents.append((tmp_path / "model.keras").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_recipe_without_patience_keeps_its_last_epoch():
    metrics, live = trained(RECIPE.model_copy(update={"epochs": 3, "patience": None, "learning_rate": 0.05}))[1:]
    assert metrics["best_epoch"] == metrics["epochs"] == 3
    assert metrics["val_loss"] == pytest.approx(live.rows[-2][2], abs=2e-6)


def test_cosine_schedule_rises_over_the_warmup_and_ends_at_zero():
    schedule = fitting.make_optimizer(CONVOLUTIONAL, steps_per_epoch=10)._learning_rate
    rates = [float(schedule(step)) for step in range(41)]
    assert rates[0] == 0
    assert rates[5] == pytest.approx(0.005)
    assert max(rates) == rates[10] == pytest.approx(0.01)
    assert rates[25] == pytest.approx(0.005)  # half of the way down
    assert rates[40] == pytest.approx(0, abs=1e-9)
    assert fitting.make_optimizer(CONVOLUTIONAL, 10).weight_decay == 0.01


def test_smoothed_crossentropy_by_hand():
    loss = fitting.crossentropy(np.array([1]), keras.ops.array([[0.2, 0.7, 0.1]]), label_smoothing=0.3)
    expected = -(0.1 * np.log(0.2) + 0.8 * np.log(0.7) + 0.1 * np.log(0.1))
    assert float(loss[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("recipe", [RECIPE.model_copy(update=FULL), CONVOLUTIONAL], ids=["dense", "convolutional"])
def test_figures_are_those_of_the_finished_model(recipe):
    model, metrics, _ = trained(recipe)
    probabilities = model.predict(IMAGES[VAL_ROWS], verbose=0)
    loss = -np.log(probabilities[np.arange(50), LABELS[VAL_ROWS]]).mean()
    assert metrics["val_accuracy"] == pytest.approx((probabilities.argmax(axis=1) == LABELS[VAL_ROWS]).mean(), abs=1e-6)
    assert metrics["val_loss"] == pytest.approx(loss, abs=1e-5)
    assert 0.1 <= metrics["temperature"] <= 10
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_convolutional_network_learns_what_can_be_learned(tmp_path):
    """Stripes, lying or standing, at any place: what convolutions and pooling see."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 250, dtype=np.uint8)
    stripes = np.where(generator.permuted(np.tile([0, 0, 150, 150], (250, 7)), axis=1), 150, 0)
    lying, standing = np.broadcast_arrays(stripes[:, :, None], stripes[:, None, :])
    images = (np.where(labels[:, None, None], standing, lying) + generator.integers(0, 100, (250, 28, 28))).astype(
        np.uint8
    )
    easy = {"epochs": 6, "flip_averaging": False, "erasing": None}
    keras.utils.set_random_seed(1)
    recipe = CONVOLUTIONAL.model_copy(update=easy)
    network = networks.build(recipe, (28, 28), 2)
    metrics = fitting.fit(
        network,
        images,
        labels,
        TRAIN_ROWS,
        VAL_ROWS,
        recipe,
        1,
        Live(),
        checkpoint.Checkpoint(tmp_path / "train", "mark"),
    )[1]
    assert metrics["val_accuracy"] > 0.9


def test_wide_residual_network_trains_two_steps():
    """WRN-28-10 itself has 36.5 million parameters, as published; a small one is trained."""
    network = networks.wide_residual_network((28, 28), 10, depth=28, width=10, dropout=0.0)
    assert network.count_params() == pytest.approx(36.5e6, rel=0.002)
    recipe = WIDE.model_copy(update={"epochs": 1, "batch_size": 100, "warmup_epochs": None})
    model, metrics, _ = trained(recipe)
    assert np.isfinite(metrics["val_loss"])
    assert model.output_shape == (None, 10)


@on_tensorflow
@pytest.mark.parametrize("training", [True, False])
def test_fused_batch_normalization_is_keras_own(training):
    from stages.train.accelerate import BatchNormalization

    generator = np.random.default_rng(0)
    images = generator.normal(3, 2, (64, 5, 5, 4)).astype(np.float32)
    weights = [generator.uniform(0.5, 2, 4) for _ in range(4)]
    plain, shared = (keras.layers.BatchNormalization(momentum=0.9) for _ in range(2))
    for layer in (plain, shared):
        layer.build(images.shape)
        layer.set_weights(weights)
    fused = BatchNormalization(shared)
    np.testing.assert_allclose(fused(images, training=training), plain(images, training=training), atol=1e-4)
    for one, other in zip(shared.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_saved_model_is_plain_keras_without_time_or_optimizer(tmp_path):
    network = trained(RECIPE.model_copy(update={"epochs": 1}))[0]
    saving.save(network, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), network.predict(IMAGES, verbose=0))
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {info.date_time for info in archive.infolist()} == {saving.EPOCH}
        assert b"1980-01-01@00:00:00" in archive.read("metadata.json")


def test_shared_objects_are_numbered_in_order():
    config = {"a": [{"shared_object_id": 140}, {"shared_object_id": 97}], "b": {"shared_object_id": 140}}
    assert saving._number_shared_objects(config, {}) == {
        "a": [{"shared_object_id": 0}, {"shared_object_id": 1}],
        "b": {"shared_object_id": 0},
    }


def test_picture_names_each_layer_with_its_shape_and_parameters():
    network = networks.dense_network((28, 28), 10, [512, 256, 128], "relu", 0.3)
    texts = [text.get_text() for text in picture.draw(network).axes[0].texts]
    assert texts[:3] == ["layer", "output shape", "parameters"]
    place = texts.index("Dense  dense_1")
    assert texts[place : place + 3] == ["Dense  dense_1", "512", "401,920"]


@pytest.fixture
def arrays(workplace):
    for folder in (train.PROCESSED, train.SPLIT):
        folder.mkdir(parents=True)
    np.save(train.PROCESSED / "train_images.npy", IMAGES)
    np.save(train.PROCESSED / "train_labels.npy", LABELS)
    np.save(train.SPLIT / "train_indices.npy", TRAIN_ROWS)
    np.save(train.SPLIT / "val_indices.npy", VAL_ROWS)


def test_data_are_those_on_disk(arrays):
    for received, expected in zip(train.read_data(), (IMAGES, LABELS, TRAIN_ROWS, VAL_ROWS), strict=True):
        np.testing.assert_array_equal(received, expected)


@pytest.mark.parametrize(("rows", "message"), [([3, 250], "0 to 250"), ([-1, 3], "-1 to 249")])
def test_rows_beyond_the_images_are_an_error(arrays, rows, message):
    np.save(train.SPLIT / "val_indices.npy", np.array(rows))
    np.save(train.SPLIT / "train_indices.npy", np.array([0, 249]))
    with pytest.raises(InputError, match=f"expected rows of 250 images and 250 labels, received rows {message}"):
        train.read_data()


def test_images_without_labels_are_an_error(arrays):
    np.save(train.PROCESSED / "train_labels.npy", LABELS[:-1])
    with pytest.raises(InputError, match="250 images and 249 labels"):
        train.read_data()
