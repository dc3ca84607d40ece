"""SimVQ (Zhu et al., arXiv 2411.02038): a frozen random codebook, learned as a whole.

Codewords are drawn once and one linear map moves all of them, so that none stays behind
without gradients.
"""

from vector_quantize_pytorch import SimVQ as LibrarySimVQ

from mmctr.content.quantizers.bottleneck import BottleneckQuantizer, SlicedBottleneck
from mmctr.content.quantizers.method_params import SimVQParams


class MappedCodebook(SlicedBottleneck):
    """One codebook of frozen codewords and a learned map of them.

    The loss moves the map, and the encoder less.
    """

    def __init__(self, params: SimVQParams) -> None:
        """Draw the frozen codewords and their map.

        Args:
            params: Sizes and commitment.
        """
        quantizer = LibrarySimVQ(
            dim=params.code_width,
            codebook_size=params.codebook_size,
            rotation_trick=params.rotation_trick,
            input_to_quantize_commit_loss_weight=params.beta,
        )
        super().__init__(quantizer, params)


class SimVQ(BottleneckQuantizer[SimVQParams]):
    """The form of the VQ-VAE with a reparametrised codebook, shared by all positions.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    shared_codebook = True
    bottleneck = MappedCodebook
