{{/* The options of access control, and the files for them. */}}

{{- define "darkroom.ingestion.isChecked" -}}
{{- if ne .Values.ingestion.access.mode "None" }}yes{{ end -}}
{{- end -}}

{{/* Tokens and rights are checked by the API server. */}}
{{- define "darkroom.ingestion.reviews" -}}
{{- if eq .Values.ingestion.access.mode "Kubernetes" }}yes{{ end -}}
{{- end -}}

{{- define "darkroom.ingestion.sessionKeySecret" -}}
{{- .Values.ingestion.access.sessionKeySecret | default (printf "%s-session-key" (include "darkroom.ingestion" .)) -}}
{{- end -}}

{{- define "darkroom.ingestion.tlsSecret" -}}
{{- $tls := .Values.ingestion.tls -}}
{{- $tls.secretName | default (ternary (printf "%s-service-tls" (include "darkroom.ingestion" .)) "" $tls.certificate.enabled) -}}
{{- end -}}

{{- define "darkroom.ingestion.scheme" -}}
{{- ternary "https" "http" (not (empty (include "darkroom.ingestion.tlsSecret" .))) -}}
{{- end -}}

{{- define "darkroom.ingestion.port" -}}
{{- .Values.ingestion.service.port | default (ternary 443 80 (eq (include "darkroom.ingestion.scheme" .) "https")) -}}
{{- end -}}

{{- define "darkroom.ingestion.accessArguments" -}}
{{- $access := .Values.ingestion.access -}}
{{- if include "darkroom.ingestion.isChecked" . -}}
- --access={{ ternary "kubernetes" "token-file" (eq $access.mode "Kubernetes") }}
{{- if eq $access.mode "TokenFile" }}
- --token-file=/etc/darkroom/tokens/tokens.yaml
{{- else }}
- --token-audience={{ $access.audience }}
{{- end }}
- --session-key-file=/etc/darkroom/session/key
{{- with $access.oidc }}
{{- if .issuer }}
- --oidc-issuer={{ .issuer }}
{{- if not (or .clientId .audience) }}
{{- fail "ingestion.access.oidc.clientId: set the id of the client at the issuer" }}
{{- end }}
{{- $options := dict "client-id" .clientId "audience" .audience "username-claim" .usernameClaim "groups-claim" .groupsClaim "username-prefix" .usernamePrefix "groups-prefix" .groupsPrefix }}
{{- range $option, $value := $options }}
{{- with $value }}
- {{ printf "--oidc-%s=%s" $option . | quote }}
{{- end }}
{{- end }}
{{- if .clientSecret.name }}
- --oidc-client-secret-file=/etc/darkroom/oidc/{{ .clientSecret.key }}
{{- end }}
{{- end }}
{{- end }}
{{- with $access.trustedProxy }}
{{- if .cidrs }}
- --trusted-proxy={{ join "," .cidrs }}
- --proxy-user-header={{ .userHeader }}
- --proxy-groups-header={{ .groupsHeader }}
{{- end }}
{{- end }}
- --audit-log={{ ternary "-" "none" $access.auditLog }}
{{- else -}}
- --access=none
- --insecure
{{- end }}
{{- range $what, $limit := .Values.ingestion.limitsPerCaller }}
{{- if not (kindIs "invalid" $limit) }}
- --{{ $what }}-per-caller={{ $limit }}
{{- end }}
{{- end }}
{{- if include "darkroom.ingestion.tlsSecret" . }}
- --tls-cert=/etc/darkroom/tls/tls.crt
- --tls-key=/etc/darkroom/tls/tls.key
{{- end }}
{{- end -}}

{{/* Secrets that are mounted, by the name of their folder in /etc/darkroom. As folders, so that changes arrive. */}}
{{- define "darkroom.ingestion.accessSecrets" -}}
{{- $access := .Values.ingestion.access -}}
{{- $secrets := dict -}}
{{- if include "darkroom.ingestion.isChecked" . -}}
{{- $_ := set $secrets "session" (include "darkroom.ingestion.sessionKeySecret" .) -}}
{{- if eq $access.mode "TokenFile" -}}
{{- $name := required "ingestion.access.tokenFileSecret: name a Secret with the key tokens.yaml" $access.tokenFileSecret -}}
{{- $_ := set $secrets "tokens" $name -}}
{{- end -}}
{{- if and $access.oidc.issuer $access.oidc.clientSecret.name -}}
{{- $_ := set $secrets "oidc" $access.oidc.clientSecret.name -}}
{{- end -}}
{{- end -}}
{{- with include "darkroom.ingestion.tlsSecret" . -}}
{{- $_ := set $secrets "tls" . -}}
{{- end -}}
{{- $secrets | toJson -}}
{{- end -}}
