"""The ImagePipeline API: fields of the custom resource, their rules, its status, its CustomResourceDefinition."""
