"""Many trainings compared: ablation and tuning."""
