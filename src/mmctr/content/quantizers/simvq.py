"""SimVQ (Zhu et al., arXiv 2411.02038): a frozen random codebook, learned as a whole.

Codewords are drawn once and one linear map moves all of them, so that none is left
behind for want of gradients.
"""

from vector_quantize_pytorch import SimVQ as LibrarySimVQ

from mmctr.content.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.content.quantizers.bottleneck import BottleneckAutoencoder
from mmctr.content.quantizers.params import SimVQParams
from mmctr.content.quantizers.shared_codebook import SlicedBottleneck


class SimVQ(AutoencoderQuantizer[SimVQParams]):
    """The form of the VQ-VAE with a reparametrised codebook, shared by all positions.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    method = "simvq"
    params_type = SimVQParams
    shared_codebook = True

    def _make_network(self) -> BottleneckAutoencoder:
        bottleneck = MappedCodebook(self._params)
        return BottleneckAutoencoder(self._params, bottleneck, width=self._width)


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
        super().__init__(
            quantizer,
            positions=params.positions,
            code_width=params.code_width,
            codebook_size=params.codebook_size,
        )
