"""A trained model as a folder, and answers from it; without Kedro and raw data."""
