"""The parts of the Data page: classes, problems, gallery, one photo."""
