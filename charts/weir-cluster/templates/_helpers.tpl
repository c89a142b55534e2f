{{- define "weir-cluster.name" -}}
{{- .Values.name | default .Release.Name -}}
{{- end }}

{{- define "weir-cluster.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Metadata of what `helm test` makes, in the order of their weights: root, weight. */}}
{{- define "weir-cluster.testMetadata" -}}
name: {{ include "weir-cluster.name" .root }}-test
namespace: {{ .root.Release.Namespace }}
labels: {{- include "weir-cluster.labels" .root | nindent 2 }}
annotations:
  helm.sh/hook: test
  helm.sh/hook-weight: {{ .weight | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* One object for each entry of a map, in the order of their names: root, kind, members. */}}
{{- define "weir-cluster.members" -}}
{{- $root := .root }}
{{- $kind := .kind }}
{{- range $name, $spec := .members }}
---
apiVersion: weir.dev/v1alpha1
kind: {{ $kind }}
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "weir-cluster.labels" $root | nindent 4 }}
spec:
  clusterRef: {name: {{ include "weir-cluster.name" $root }}}
  {{- with $spec }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}
