"""A simulation of stages whose number of workers follows Darkroom's rule, or one like KEDA's."""
