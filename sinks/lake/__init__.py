"""The lake: `interactions` and daily snapshots as Parquet files, for whoever asks about the past."""
