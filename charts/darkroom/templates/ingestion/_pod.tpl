{{/* The KafkaUser for an entry of ingestion.kafka.clusters. Call with a list: the root and the entry. */}}
{{- define "darkroom.ingestion.user" -}}
{{- (index . 1).user | default (printf "%s-ingestion" (include "darkroom.clusterwide" (index . 0))) -}}
{{- end -}}
{{- define "darkroom.ingestion.secret" -}}
{{- (index . 1).secret | default (include "darkroom.ingestion.user" .) -}}
{{- end -}}

{{- define "darkroom.ingestion.hasKafka" -}}
{{- if or .Values.ingestion.kafka.clusters .Values.ingestion.kafka.others }}yes{{ end -}}
{{- end -}}

{{/* The document for --kafka-credentials. */}}
{{- define "darkroom.ingestion.credentials" -}}
{{- $clusters := list -}}
{{- range .Values.ingestion.kafka.clusters -}}
{{- $user := include "darkroom.ingestion.user" (list $ .) -}}
{{- $secret := include "darkroom.ingestion.secret" (list $ .) -}}
{{- $clusters = append $clusters (dict "name" .name "namespace" .namespace "user" $user "secret" $secret) -}}
{{- end -}}
{{- $others := list -}}
{{- range $i, $kafka := .Values.ingestion.kafka.others -}}
{{- $folder := printf "/etc/darkroom/kafka/%d" $i -}}
{{- $others = append $others (dict "bootstrapServers" $kafka.bootstrapServers "folder" $folder "tls" ($kafka.tls | default false)) -}}
{{- end -}}
{{- dict "clusters" $clusters "others" $others | toPrettyJson -}}
{{- end -}}

{{/* The pod template, with or without a volume for SQLite. */}}
{{- define "darkroom.ingestion.pod" -}}
{{- $database := .Values.ingestion.database -}}
metadata:
  labels:
    {{- include "darkroom.podLabels" (list . "ingestion") | nindent 4 }}
    {{- with .Values.ingestion.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    darkroom.dev/kafka-credentials: {{ include "darkroom.ingestion.credentials" . | sha256sum | trunc 16 | quote }}
    {{- with .Values.ingestion.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "darkroom.ingestion.serviceAccount" . }}
  terminationGracePeriodSeconds: {{ .Values.ingestion.terminationGracePeriodSeconds }}
  {{- include "darkroom.pod" (list . "ingestion" .Values.ingestion) | nindent 2 }}
  containers:
    - name: ingestion
      image: {{ include "darkroom.image" (list . .Values.ingestion.image) }}
      imagePullPolicy: {{ .Values.ingestion.image.pullPolicy }}
      args:
        - --catalog=kubernetes
        {{- with .Values.ingestion.namespaces }}
        - --namespaces={{ join "," . }}
        {{- end }}
        {{- if include "darkroom.ingestion.hasKafka" . }}
        - --kafka-credentials=/etc/darkroom/credentials.json
        {{- end }}
        - --host=0.0.0.0
        - --port=8080
        - --probe-port=9090
        - --workers={{ .Values.ingestion.workers }}
        - --body-memory={{ .Values.ingestion.bodyMemory }}
        - --log-format=json
        - --log-level={{ .Values.ingestion.logLevel }}
        {{- include "darkroom.ingestion.accessArguments" . | trim | nindent 8 }}
        {{- with .Values.ingestion.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: DARKROOM_DATABASE
          {{- if $database.urlSecret.name }}
          valueFrom:
            secretKeyRef: {name: {{ $database.urlSecret.name }}, key: {{ $database.urlSecret.key }}}
          {{- else }}
          value: sqlite:////var/lib/darkroom/results.db
          {{- end }}
        {{- with .Values.tracing.endpoint }}
        - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
        - {name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio}
        - {name: OTEL_TRACES_SAMPLER_ARG, value: {{ $.Values.tracing.sampleRatio | quote }}}
        {{- end }}
        {{- with .Values.ingestion.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: {{ include "darkroom.ingestion.scheme" . }}, containerPort: 8080}
        - {name: metrics, containerPort: 9090}
      # Give load balancers time to stop sending requests before the shutdown begins.
      lifecycle:
        preStop:
          sleep: {seconds: 5}
      startupProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 1
        timeoutSeconds: 5
        failureThreshold: 120
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 4
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 3
        timeoutSeconds: 8
      resources:
        {{- toYaml .Values.ingestion.resources | nindent 8 }}
      {{- include "darkroom.containerSecurity" .Values.ingestion | nindent 6 }}
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- with .Values.ingestion.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- if not $database.urlSecret.name }}
        - {name: results, mountPath: /var/lib/darkroom}
        {{- end }}
        {{- if include "darkroom.ingestion.hasKafka" . }}
        - {name: kafka, mountPath: /etc/darkroom/credentials.json, subPath: credentials.json, readOnly: true}
        {{- end }}
        {{- range $folder, $_ := include "darkroom.ingestion.accessSecrets" . | fromJson }}
        - {name: {{ $folder }}, mountPath: /etc/darkroom/{{ $folder }}, readOnly: true}
        {{- end }}
        {{- range $i, $kafka := .Values.ingestion.kafka.others }}
        {{- if $kafka.secret }}
        - {name: kafka-{{ $i }}, mountPath: /etc/darkroom/kafka/{{ $i }}, readOnly: true}
        {{- end }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 64Mi}
    {{- with .Values.ingestion.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if include "darkroom.ingestion.hasKafka" . }}
    - name: kafka
      configMap: {name: {{ include "darkroom.ingestion" . }}}
    {{- end }}
    {{- range $folder, $secret := include "darkroom.ingestion.accessSecrets" . | fromJson }}
    - name: {{ $folder }}
      secret: {secretName: {{ $secret }}, defaultMode: 288}
    {{- end }}
    {{- range $i, $kafka := .Values.ingestion.kafka.others }}
    {{- with $kafka.secret }}
    - name: kafka-{{ $i }}
      secret: {secretName: {{ . }}, defaultMode: 288}
    {{- end }}
    {{- end }}
{{- end -}}
