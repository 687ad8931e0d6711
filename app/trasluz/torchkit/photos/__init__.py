"""What families that learn from photos share: squares of them, alterations, backbones, features, the loop's batches."""
