{{- define "darkroom.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* <release>-darkroom, or the release alone if its name contains darkroom. */}}
{{- define "darkroom.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "darkroom.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "darkroom.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "darkroom.operator" -}}{{ include "darkroom.fullname" . }}-operator{{- end -}}
{{- define "darkroom.ingestion" -}}{{ include "darkroom.fullname" . }}-ingestion{{- end -}}

{{- define "darkroom.operator.serviceAccount" -}}
{{- .Values.operator.serviceAccount.name | default (include "darkroom.operator" .) -}}
{{- end -}}
{{- define "darkroom.ingestion.serviceAccount" -}}
{{- .Values.ingestion.serviceAccount.name | default (include "darkroom.ingestion" .) -}}
{{- end -}}

{{/* Name of cluster-scoped objects: releases in different namespaces must not share them. */}}
{{- define "darkroom.clusterwide" -}}{{ .Release.Namespace }}-{{ include "darkroom.fullname" . }}{{- end -}}

{{/* The KafkaUsers with which the operator reads offsets. */}}
{{- define "darkroom.operator.user" -}}
{{- .Values.operator.kafka.user | default (printf "%s-operator" (include "darkroom.clusterwide" .)) -}}
{{- end -}}

{{/* The Secret of the certificate that cert-manager keeps. */}}
{{- define "darkroom.certificateSecret" -}}
{{- .Values.certificates.secretName | default (printf "%s-tls" (include "darkroom.ingestion" .)) -}}
{{- end -}}

{{/* Selector labels, which must never change. Call with a list: the root and the component. */}}
{{- define "darkroom.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "darkroom.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of pods: without the version, so that an upgrade of the chart alone does not restart them. */}}
{{- define "darkroom.podLabels" -}}
{{ include "darkroom.selector" . }}
app.kubernetes.io/part-of: darkroom
{{- end -}}

{{- define "darkroom.labels" -}}
{{- $root := index . 0 -}}
{{ include "darkroom.selector" . }}
app.kubernetes.io/part-of: darkroom
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* An image, from global.imageRegistry if that is set. Call with a list: the root and its values. */}}
{{- define "darkroom.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- with ($root.Values.global).imageRegistry -}}
{{- $host := regexFind "^(localhost|[^/]*[.:][^/]*)/" $repository -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (trimPrefix $host $repository) -}}
{{- end -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end -}}
