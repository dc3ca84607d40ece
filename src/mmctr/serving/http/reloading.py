"""Taking a new bundle while the old one answers."""

import logging
import threading
from pathlib import Path

from mmctr.serving.errors import BundleError
from mmctr.serving.http.observing import Metrics
from mmctr.serving.http.served import ServedBundle, signature_of
from mmctr.serving.http.service import Service
from mmctr.serving.scorer import Unknown

logger = logging.getLogger(__name__)


class BundleWatch:
    """A thread that looks at the bundle's folder, and loads what it has become.

    A folder that changed is loaded once it is the same in two looks, so that one that
    is being copied is not refused half way.
    """

    def __init__(
        self,
        service: Service,
        metrics: Metrics,
        path: Path,
        unknown: Unknown,
        seconds: float,
    ) -> None:
        """Watch nothing yet.

        Args:
            service: Gets the new bundle.
            metrics: Where new bundles are counted.
            path: The folder.
            unknown: As for :meth:`mmctr.serving.scorer.Scorer.load`.
            seconds: Between two looks.
        """
        self._service, self._metrics = service, metrics
        self._path, self._unknown, self._seconds = path, unknown, seconds
        self._seen = self._done = service.bundle.signature
        self._asked = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()

    def ask(self) -> None:
        """Load the folder at the next look, changed or not; for signal handlers."""
        self._asked = True

    def _watch(self) -> None:
        while not self._ended.wait(self._seconds):
            try:
                self.look()
            except Exception:  # the old one goes on, whatever happened
                logger.exception("a look at bundle %s failed", self._path)

    def look(self) -> None:
        """Load the folder if it is asked for, or changed and is at rest."""
        found = signature_of(self._path)
        at_rest = found == self._seen
        self._seen = found
        asked, self._asked = self._asked, False
        if asked or (at_rest and found and found != self._done):
            self._done = found
            self._load()

    def _load(self) -> None:
        old = self._service.bundle
        try:
            new = ServedBundle.load(self._path, self._unknown)
        except (BundleError, MemoryError) as error:
            self._metrics.reloads.labels("refused").inc()
            logger.error(
                "refused; bundle %s goes on answering: %s", old.digest[:12], error
            )
            return
        self._done = new.signature
        self._service.replace(new)
        self._metrics.reloads.labels("taken").inc()
        self._metrics.show_bundle(new.digest, self._service.n_items)
        logger.info(
            "bundle %s answers in place of %s", new.digest[:12], old.digest[:12]
        )
