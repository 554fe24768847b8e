"""The picture of the network: its layers, shapes and parameters, of a finished model too."""

from training import CONVOLUTIONAL, RECIPE, changed

from classifier.backend.model_files import trained_network
from classifier.evaluation.architecture import draw
from classifier.training.finish import averaged
from classifier.training.networks import build, dense_network


def texts(network) -> list[str]:
    return [text.get_text() for text in draw(network).axes[0].texts]


def test_picture_names_each_layer_with_its_shape_and_parameters():
    network = dense_network((28, 28, 1), 10, [512, 256, 128], "relu", 0.3)
    written = texts(network)
    assert written[:3] == ["layer", "output shape", "parameters"]
    place = written.index("Dense  dense_1")
    assert written[place : place + 3] == ["Dense  dense_1", "512", "401,920"]
    assert draw(network).get_suptitle() == "dense_network: 567,434 parameters"


def test_picture_names_the_sources_of_a_layer_that_are_not_just_the_one_above():
    from training import WIDE

    written = texts(build(WIDE, (28, 28, 1), 10))
    assert any(text.startswith("Add  ") and "  of " in text for text in written)
    assert not any("  of " in text for text in texts(build(CONVOLUTIONAL, (28, 28, 1), 10)))


def test_network_of_a_plain_model_is_the_model():
    network = build(RECIPE, (28, 28, 1), 10)
    assert trained_network(network) is network


def test_network_of_an_averaged_model_is_drawn_as_it_was_trained():
    recipe = changed(CONVOLUTIONAL, filters=[4, 8], flip_averaging=True, shift_averaging=1)
    network = build(recipe, (28, 28, 1), 10)
    assert texts(trained_network(averaged(network, recipe))) == texts(network)
