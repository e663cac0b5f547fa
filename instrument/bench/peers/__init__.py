"""The other instruments and libraries that Arco is measured beside."""
