"""What families that train with torch share: the loop, batches, optimisers, checkpoints, export.

Import from its modules (`from trasluz.torchkit.loop import fit`): torch is heavy, and so is accelerate.
"""
