"""Where features meet models: stages, tracking, artefacts and the command line."""
