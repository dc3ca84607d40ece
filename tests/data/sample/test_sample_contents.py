"""What is seen of the items says something, but not everything, about them."""

import numpy as np
import pytest

from mmctr.data.sample.contents import describe_items, mistake_topics
from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.vocabulary import STYLE_PATTERNS, TOPIC_WORDS
from mmctr.data.sample.world import build_world


@pytest.fixture(scope="module")
def params():
    return SampleParams(
        name="c", seed=0, n_items=1200, n_topics=6, text_width=48, image_width=64
    )


@pytest.fixture(scope="module")
def world(params):
    return build_world(params, np.random.default_rng(3))


@pytest.fixture(scope="module")
def contents(world, params):
    return describe_items(world, params, np.random.default_rng(4))


def _topic_of(title):
    words = set(title.lower().split())
    return np.argmax([len(words.intersection(topic)) for topic in TOPIC_WORDS])


def _nearest_centre(vectors, topic):
    centres = np.stack([vectors[topic == k].mean(axis=0) for k in np.unique(topic)])
    return (vectors @ centres.T).argmax(axis=1)


def test_vocabulary_has_sixteen_different_words_a_topic():
    assert len(TOPIC_WORDS) == 24
    for words in TOPIC_WORDS:
        assert len(words) == len(set(words)) == 16
    assert all(2 <= x.count("{}") <= 3 for style in STYLE_PATTERNS for x in style)


def test_titles_are_phrases_of_four_to_nine_words(contents):
    lengths = {len(title.split()) for title in contents.titles}
    assert lengths <= set(range(4, 10))
    assert all("{" not in title and title[0].isupper() for title in contents.titles)


def test_titles_tell_most_topics_and_mistake_neighbours(contents, world, params):
    told = np.array([_topic_of(title) for title in contents.titles])
    right = (told == world.topic).mean()
    # Noisy words, too, hide a topic.
    assert 0.85 * (1 - params.title_noise) < right < 1.02 * (1 - params.title_noise)
    distance = (told - world.topic) % params.n_topics
    neighbours = np.isin(distance, [1, params.n_topics - 1]).mean()
    assert neighbours > 2 * (1 - right - neighbours)


def test_text_shares_the_view_of_the_title_and_image_has_its_own(
    contents, world, params
):
    told = np.array([_topic_of(title) for title in contents.titles])
    by_text = _nearest_centre(contents.text, world.topic)
    by_image = _nearest_centre(contents.image, world.topic)
    wrong_title = told != world.topic
    seen = 1 - params.image_noise
    assert (by_image == world.topic).mean() == pytest.approx(seen, abs=0.1)
    assert (by_text == told)[wrong_title].mean() > 0.5
    assert (by_image == world.topic)[wrong_title].mean() == pytest.approx(seen, abs=0.1)


def test_the_title_alone_tells_the_style_and_the_image_alone_the_look(contents, world):
    of_style, of_look = (
        (_nearest_centre(contents.text, facet), _nearest_centre(contents.image, facet))
        for facet in (world.style, world.look)
    )
    assert (of_style[0] == world.style).mean() > 0.8
    assert (of_look[1] == world.look).mean() > 0.8
    chance = pytest.approx(0.25, abs=0.1)
    assert (of_style[1] == world.style).mean() == chance
    assert (of_look[0] == world.look).mean() == chance


def test_vectors_have_unit_length_and_their_widths(contents):
    assert contents.text.shape == (1200, 48)
    assert contents.image.shape == (1200, 64)
    assert contents.joint.shape == (1200, 128)
    for vectors in (contents.text, contents.image):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_joint_vector_keeps_similarities(contents):
    both = np.hstack([contents.text, contents.image])[:200]
    exact, kept = both @ both.T, contents.joint[:200] @ contents.joint[:200].T
    upper = np.triu_indices(200, 1)
    assert np.corrcoef(exact[upper], kept[upper])[0, 1] > 0.9


def test_tags_are_left_padded_different_and_mostly_of_the_topic(
    contents, world, params
):
    real = contents.tags > 0
    counts = real.sum(axis=1)
    assert set(counts) == {1, 2, 3, 4, 5}
    np.testing.assert_array_equal(real, np.arange(5) >= 5 - counts[:, None])
    own = ((contents.tags - 1) // 6 == world.topic[:, None])[real].mean()
    drawn = 1 - params.tag_noise * (1 - 1 / params.n_topics)
    # A little less, since equal tags count once.
    assert drawn - 0.06 < own < drawn
    for row in contents.tags[:300]:
        tags = row[row > 0]
        assert len(set(tags)) == len(tags)


def test_levels_are_quantiles_of_popularity_and_likes_tell_quality(contents, world):
    for level in (contents.likes_level, contents.views_level):
        assert np.ptp(np.bincount(level, minlength=11)) <= 1
    views = np.corrcoef(contents.views_level, np.log(world.popularity))[0, 1]
    assert views > 0.8
    surplus = contents.likes_level - contents.views_level
    assert np.corrcoef(surplus, world.quality)[0, 1] > 0.5


@pytest.mark.parametrize(("noise", "share"), [(0.0, 0.0), (1.0, 1.0), (0.3, 0.3)])
def test_mistaken_topics_are_neighbours(noise, share):
    topic = np.arange(7000) % 7
    seen = mistake_topics(topic, noise, 7, np.random.default_rng(0))
    assert (seen != topic).mean() == pytest.approx(share, abs=0.03)
    assert set((seen - topic) % 7) <= {0, 1, 6}
