"""The other instruments and libraries that Arco is measured beside.

Each is a program that says how fast it is, or what it lacks, as JSON on stdout; ``arco bench`` runs
them, each in a process of its own. They need libraries that nobody installs to play (PyTorch,
TensorFlow, FluidSynth), and are of use to those who compare. So they stand beside the packages
`instrument` and `training` in a checkout and are in no wheel.
"""
