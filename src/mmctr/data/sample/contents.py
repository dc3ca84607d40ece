"""The visible side of the items, all of it noisy: titles, tags, levels, vectors."""

from dataclasses import dataclass

import numpy as np

from mmctr.data.sample.params import SampleParams
from mmctr.data.sample.vocabulary import STYLE_PATTERNS, TOPIC_WORDS
from mmctr.data.sample.world import N_LOOKS, N_STYLES, World

TAG_SLOTS = 5
TAGS_PER_TOPIC = 6
N_LEVELS = 11
JOINT_WIDTH = 128

# Vectors live near a subspace of this dimension, as real embeddings do.
LATENT_WIDTH = 32
STYLE_SPREAD = 1.0
# Spread outside the subspace, and of the component common to all vectors.
RESIDUAL_SPREAD = 0.2
COMMON_SPREAD = 0.5

# Vectors are made in blocks of rows, to hold few float64 values in memory.
ROWS = 4096


@dataclass(frozen=True)
class Contents:
    """Visible properties of all items, row ``i - 1`` is item ``i``.

    Attributes:
        titles: ``n_items`` phrases of 4 to 9 words.
        tags: ``[n_items, 5]`` int64, left-padded with 0.
        likes_level: ``[n_items]`` int64, 0..10.
        views_level: ``[n_items]`` int64, 0..10.
        text: ``[n_items, text_width]`` float32, unit length.
        image: ``[n_items, image_width]`` float32, unit length.
        joint: ``[n_items, 128]`` float32, a random projection of text and image.
        title: ``[n_items, title_width]`` float32, unit length; a wider vector of the
            same facets as ``text``.
    """

    titles: list[str]
    tags: np.ndarray
    likes_level: np.ndarray
    views_level: np.ndarray
    text: np.ndarray
    image: np.ndarray
    joint: np.ndarray
    title: np.ndarray


def describe_items(
    world: World, params: SampleParams, rng: np.random.Generator
) -> Contents:
    """Give every item a title, tags, levels and vectors.

    Title and text vector share one view of the item, the image has another. Each view
    mistakes some items for a neighbouring topic, so two views know more than one.

    Args:
        world: The items as they are.
        params: Widths and noise.
        rng: Source of all randomness.

    Returns:
        The items as they look.
    """
    title_topic = mistake_topics(world.topic, params.title_noise, params.n_topics, rng)
    image_topic = mistake_topics(world.topic, params.image_noise, params.n_topics, rng)
    log_views = np.log(world.popularity)
    log_likes = log_views + world.quality
    title_facets = [
        (title_topic, params.n_topics, 1.0),
        (world.style, N_STYLES, STYLE_SPREAD),
    ]
    text = _draw_vectors(title_facets, params.text_width, params.vector_noise, rng)
    image = _draw_vectors(
        [(image_topic, params.n_topics, 1.0), (world.look, N_LOOKS, STYLE_SPREAD)],
        params.image_width,
        params.vector_noise,
        rng,
    )
    return Contents(
        titles=_write_titles(title_topic, world.style, params, rng),
        tags=_draw_tags(world.topic, params, rng),
        likes_level=_quantile_levels(log_likes, params.level_noise, rng),
        views_level=_quantile_levels(log_views, params.level_noise, rng),
        text=text,
        image=image,
        joint=_project(text, image, rng),
        title=_draw_vectors(title_facets, params.title_width, params.vector_noise, rng),
    )


def mistake_topics(
    topic: np.ndarray, noise: float, n_topics: int, rng: np.random.Generator
) -> np.ndarray:
    """Replace a share of the topics by the one before or after.

    Args:
        topic: ``[n]`` int64.
        noise: Share of topics to replace.
        n_topics: Number of topics; the last one's neighbour is the first.
        rng: Source of all randomness.

    Returns:
        ``[n]`` int64.
    """
    step = rng.choice([-1, 1], len(topic)) * (rng.random(len(topic)) < noise)
    return (topic + step) % n_topics


def _write_titles(
    topic: np.ndarray, style: np.ndarray, params: SampleParams, rng: np.random.Generator
) -> list[str]:
    """Fill a pattern of the style with different words of the topic."""
    titles = []
    for item_topic, item_style in zip(topic, style, strict=True):
        patterns = STYLE_PATTERNS[item_style]
        pattern = patterns[rng.integers(len(patterns))]
        words = list(rng.permutation(TOPIC_WORDS[item_topic])[: pattern.count("{}")])
        for slot in np.flatnonzero(rng.random(len(words)) < params.word_noise):
            other = TOPIC_WORDS[rng.integers(params.n_topics)]
            words[slot] = other[rng.integers(len(other))]
        title = pattern.format(*words)
        titles.append(title[0].upper() + title[1:])
    return titles


def _draw_tags(
    topic: np.ndarray, params: SampleParams, rng: np.random.Generator
) -> np.ndarray:
    """Draw one to five different tags per item, most from its topic's own set."""
    tags = np.zeros((len(topic), TAG_SLOTS), dtype=np.int64)
    counts = rng.integers(1, TAG_SLOTS + 1, len(topic))
    for row, (item_topic, count) in enumerate(zip(topic, counts, strict=True)):
        from_any = rng.random(count) < params.tag_noise
        topics = np.where(from_any, rng.integers(0, params.n_topics, count), item_topic)
        drawn = topics * TAGS_PER_TOPIC + rng.integers(0, TAGS_PER_TOPIC, count) + 1
        different = np.unique(drawn)
        tags[row, TAG_SLOTS - len(different) :] = different
    return tags


def _draw_vectors(
    facets: list[tuple[np.ndarray, int, float]],
    width: int,
    noise: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw unit vectors around sums of centres, one centre per facet of an item.

    A facet is the items' values, the number of values, and the spread of the centres.
    """
    latent = noise * rng.standard_normal((len(facets[0][0]), LATENT_WIDTH))
    for values, n_values, spread in facets:
        latent += spread * rng.standard_normal((n_values, LATENT_WIDTH))[values]
    basis = rng.standard_normal((LATENT_WIDTH, width)) / np.sqrt(LATENT_WIDTH)
    common = COMMON_SPREAD * rng.standard_normal(width)
    vectors = np.empty((len(latent), width), dtype=np.float32)
    for start in range(0, len(latent), ROWS):
        rows = latent[start : start + ROWS] @ basis + common
        rows += RESIDUAL_SPREAD * rng.standard_normal(rows.shape)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        vectors[start : start + ROWS] = rows
    return vectors


def _project(
    text: np.ndarray, image: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Project both at random to 128 dimensions, nearly preserving angles."""
    width = text.shape[1] + image.shape[1]
    basis = rng.standard_normal((width, JOINT_WIDTH)) / np.sqrt(JOINT_WIDTH)
    projected = np.empty((len(text), JOINT_WIDTH), dtype=np.float32)
    for start in range(0, len(text), ROWS):
        rows = slice(start, start + ROWS)
        projected[rows] = np.hstack([text[rows], image[rows]]) @ basis
    return projected


def _quantile_levels(
    log_count: np.ndarray, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Cut noisy counts into eleven levels of equal size."""
    noisy = log_count + noise * rng.standard_normal(len(log_count))
    rank = np.argsort(np.argsort(noisy, kind="stable"), kind="stable")
    return rank * N_LEVELS // len(rank)
