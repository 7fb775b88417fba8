"""The folder or Volume in which every stage leaves what the next one reads: Parquet files of many documents."""
