"""Settings of the synthetic sample: its sizes, its noise and its users' tastes."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from mmctr.data.sample.vocabulary import TOPIC_WORDS
from mmctr.runtime.params import Params

# A slate needs four different items, and nothing is learned from a handful.
MIN_UNSEEN_ITEMS = 20


class SampleParams(Params):
    """Sizes and laws of the synthetic world."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    """Folder under the raw layer that the files are written to."""
    seed: int = Field(ge=0)
    """Determines every byte of every table."""

    n_items: int = Field(4000, ge=50)
    """Number of items."""
    n_topics: int = Field(10, ge=3, le=len(TOPIC_WORDS))
    """Number of topics."""
    train_users: int = Field(40_000, ge=1)
    """Users in train, four rows each."""
    valid_users: int = Field(1000, ge=1)
    """Users in valid, all new."""
    test_users: int = Field(4000, ge=1)
    """Users in test, all new."""
    cold_fraction: float = Field(0.12, ge=0, lt=0.5)
    """Share of items that no train row contains."""
    max_history: int = Field(100, ge=3, le=100)
    """Longest history drawn."""
    text_width: int = Field(768, ge=1)
    """Width of txt_emb_BERT."""
    image_width: int = Field(1024, ge=1)
    """Width of img_emb_CLIPRN50."""
    title_width: int = Field(1024, ge=1)
    """Width of gpt_embedding.npy."""

    zipf_exponent: float = Field(0.8, ge=0)
    """An item's popularity is rank ** -exponent."""
    topic_concentration: float = Field(0.02, gt=0)
    """Dirichlet parameter of a user's topics; small values are sparse."""
    style_concentration: float = Field(0.3, gt=0)
    """Dirichlet parameter of a user's styles and looks."""
    companion_share: float = Field(0.5, ge=0, lt=1)
    """Share of the interest in a topic that goes to its companion topic."""
    sharpness: float = Field(0.72, ge=0)
    """Exponent of the affinity; 0 ignores taste."""
    affinity_floor: float = Field(0.04, gt=0)
    """Least affinity of any user to any item."""
    quality_strength: float = Field(1.0, ge=0)
    """Log-scale weight of an item's quality in the clicks."""
    charm_strength: float = Field(0.4, ge=0)
    """Log-scale weight of an item's charm in the clicks."""
    leaning_strength: float = Field(1.1, ge=0)
    """Strength of leanings for or against popular items."""

    title_noise: float = Field(0.2, ge=0, le=1)
    """Share of titles about a neighbouring topic."""
    image_noise: float = Field(0.5, ge=0, le=1)
    """Share of images of a neighbouring topic."""
    tag_noise: float = Field(0.5, ge=0, le=1)
    """Share of tags taken from any topic."""
    word_noise: float = Field(0.1, ge=0, le=1)
    """Share of title words taken from any topic."""
    vector_noise: float = Field(0.4, ge=0)
    """Spread of vectors inside a topic and style."""
    level_noise: float = Field(0.1, ge=0)
    """Log-scale spread of the likes and views counts."""

    @model_validator(mode="after")
    def _leave_items_to_draw(self) -> Self:
        warm = self.n_items - self.n_cold_items
        if warm < self.max_history + MIN_UNSEEN_ITEMS:
            raise ValueError(
                f"sample: {warm} of {self.n_items} items may occur in train, but a "
                f"history of max_history={self.max_history} must leave "
                f"{MIN_UNSEEN_ITEMS} to draw from; raise n_items or lower max_history"
            )
        return self

    @property
    def n_cold_items(self) -> int:
        """Number of items that no train row holds."""
        return round(self.n_items * self.cold_fraction)
