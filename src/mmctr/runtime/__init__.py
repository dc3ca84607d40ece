"""What any Python program needs: devices, files, hashes, locks, signals, processes."""
