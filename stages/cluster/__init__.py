"""Training the networks of a run on a Ray cluster, in the same bytes as here.

A network is a function of parameters, data and code, so another machine may train it. `launch`
starts `driver` in a process of its own, which Ray needs. The driver gives each network to a node as
a task (`task`). All that a task does is to fill the checkpoints of this run (`states`). Then the
stage trains as after a kill: it finds every epoch in the checkpoints, and writes its outputs.

Where a network was trained cannot change a byte, so no stage depends on this package.
"""
