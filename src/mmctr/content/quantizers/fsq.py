"""Finite scalar quantisation (Mentzer et al., arXiv 2309.15505): no codebook to learn.

The encoder gives every position a group of ``len(levels)`` numbers, and number i is
rounded to one of ``levels[i]`` values.
"""

from torch import Tensor
from vector_quantize_pytorch import FSQ as LibraryFSQ

from mmctr.content.quantizers.bottleneck import Bottleneck, BottleneckQuantizer
from mmctr.content.quantizers.method_params import FSQParams


class Grid(Bottleneck):
    """``positions`` groups of rounded numbers."""

    def __init__(self, params: FSQParams) -> None:
        """Set up the grid.

        Args:
            params: Positions and levels.
        """
        super().__init__()
        self.latent_width = params.positions * len(params.levels)
        self.quantizer = LibraryFSQ(
            levels=list(params.levels),
            dim=self.latent_width,
            num_codebooks=params.positions,
            keep_num_codebooks_dim=True,
        )

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Round, gradients passed straight through; there is no loss."""
        return self.quantizer(latents[None])[0][0], latents.new_zeros(())

    def indices(self, latents: Tensor) -> Tensor:
        """The grid point of each group."""
        return self.quantizer(latents[None])[1][0]

    def lookup(self, indices: Tensor) -> Tensor:
        """The rounded numbers of grid points."""
        return self.quantizer.indices_to_codes(indices[None])[0]


class FSQ(BottleneckQuantizer[FSQParams]):
    """A grid in place of a codebook: there is none to learn.

    The digits of a group, each counted from its lowest value, make one code, the first
    digit the fastest: with ``levels = [8, 6, 5]`` the digits (d0, d1, d2) are code
    ``1 + d0 + 8 * d1 + 48 * d2``. So codes are 1..codebook_size, the product of the
    levels, and 0 is left to padding. A code belongs to its own position only: every
    position counts as a codebook of its own.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    bottleneck = Grid
