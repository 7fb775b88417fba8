"""Everything that touches the world: configs, files, the store, processes, Modal."""
