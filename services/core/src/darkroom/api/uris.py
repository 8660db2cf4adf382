"""The URIs of model and label files."""

URI_PATTERN = (
    r"^(configmap://[^/]+/.+|pvc://[^/]+/.+|(https|s3|gs)://[^/]+/.+|hf://[^/@]+/[^/@]+/[^@]+(@[^@]+)?|file:.+)$"
)
URI_FORMS = (
    "configmap://NAME/KEY, pvc://CLAIM/PATH, https://HOST/PATH, s3://BUCKET/KEY, gs://BUCKET/KEY, "
    "hf://ORG/REPO/PATH@REVISION or file:PATH"
)
