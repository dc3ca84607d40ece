"""The reference's VQ-VAE as a quantiser."""

from mmctr.content.quantizers.autoencoder import AutoencoderQuantizer
from mmctr.content.quantizers.params import VQVAEParams
from mmctr.content.quantizers.vqvae_network import VQVAENetwork


class VQVAE(AutoencoderQuantizer[VQVAEParams]):
    """Autoencoder whose latent vectors are replaced by the nearest of shared codewords.

    Shapes: vectors ``[n, width]`` float32, codes ``[n, positions]`` int32 in
    1..codebook_size.
    """

    method = "vqvae"
    params_type = VQVAEParams
    shared_codebook = True

    def _make_network(self) -> VQVAENetwork:
        return VQVAENetwork(self._params, width=self._width)
