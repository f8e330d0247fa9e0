"""Making sure that two keys are equal, up to a stated probability."""
