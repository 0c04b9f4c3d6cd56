//! Where Keras finds a name for which a configuration gives no module: the module that exports it.
//!
//! Made by `policies/generate/keras_layers.py` from keras 2.6.0, 2.9.0, 2.12.0, 2.15.0, tf-keras 2.19.0, 3.0.5, 3.3.3, 3.6.0, 3.9.2, 3.12.0, 3.15.1.

/// Modules, each with the names that it has. No name is in two.
pub(super) static REGISTRY: &[(&str, &str)] = &[
    ("keras", "Functional Model Sequential"),
    (
        "keras.activations",
        "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu \
         linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus \
         softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold",
    ),
    (
        "keras.constraints",
        "Constraint MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm max_norm min_max_norm non_neg \
         radial_constraint unit_norm",
    ),
    (
        "keras.dtype_policies",
        "AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy \
         QuantizedDTypePolicy QuantizedFloat8DTypePolicy",
    ),
    (
        "keras.initializers",
        "Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer Initializer \
         LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT \
         STFTInitializer TruncatedNormal VarianceScaling Zeros constant glorot_normal glorot_uniform \
         he_normal he_uniform identity lecun_normal lecun_uniform normal ones orthogonal random_normal \
         random_uniform stft truncated_normal uniform variance_scaling zeros",
    ),
    (
        "keras.layers",
        "AbstractRNNCell Activation ActivityRegularization AdaptiveAveragePooling1D \
         AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D \
         AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average \
         AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D \
         BatchNormalization Bidirectional CategoryEncoding CenterCrop ClassMethod Concatenate \
         ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose \
         Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose \
         Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D \
         Cropping3D CuDNNGRU CuDNNLSTM CutMix Dense DenseFeatures DepthwiseConv1D DepthwiseConv2D \
         Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten FlaxLayer GRU GRUCell \
         GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D \
         GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D \
         GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D \
         GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer \
         InputSpec InstanceMethod InstanceProperty IntegerLookup JaxLayer LSTM LSTMCell Lambda Layer \
         LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes \
         MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram \
         Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization \
         RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast \
         RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale \
         RandomHeight RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation \
         RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom ReLU \
         RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D \
         SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell \
         SlicingOpLambda Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D \
         SpectralNormalization StackedRNNCells StringLookup Subtract TFOpLambda TFSMLayer \
         TensorFlowOpLayer TextVectorization ThresholdedReLU TimeDistributed TorchModuleWrapper \
         UnitNormalization UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D \
         ZeroPadding3D add average concatenate disable_v2_dtype_behavior dot enable_v2_dtype_behavior \
         maximum minimum multiply subtract",
    ),
    (
        "keras.losses",
        "BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy \
         CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge Circle \
         CosineSimilarity Dice Hinge Huber KLD KLDivergence LogCosh Loss LossFunctionWrapper MAE MAPE MSE \
         MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError \
         Poisson Reduction SparseCategoricalCrossentropy SquaredHinge Tversky binary_crossentropy \
         binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy \
         categorical_generalized_cross_entropy categorical_hinge circle cosine cosine_proximity \
         cosine_similarity ctc dice hinge huber kl_divergence kld kullback_leibler_divergence log_cosh \
         logcosh mae mape mean_absolute_error mean_absolute_percentage_error mean_squared_error \
         mean_squared_logarithmic_error mse msle poisson sparse_categorical_crossentropy squared_hinge \
         tversky",
    ),
    (
        "keras.metrics",
        "AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy ConcordanceCorrelation F1Score \
         FBetaScore FalseNegatives FalsePositives IoU LogCoshError Mean MeanIoU MeanMetricWrapper \
         MeanRelativeError MeanTensor Metric OneHotIoU OneHotMeanIoU PearsonCorrelation Precision \
         PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity \
         SparseCategoricalAccuracy SparseTopKCategoricalAccuracy SpecificityAtSensitivity Sum \
         TopKCategoricalAccuracy TrueNegatives TruePositives binary_accuracy categorical_accuracy \
         concordance_correlation pearson_correlation sparse_categorical_accuracy \
         sparse_top_k_categorical_accuracy top_k_categorical_accuracy",
    ),
    (
        "keras.mixed_precision",
        "Policy dtype_policy global_policy set_dtype_policy set_global_policy",
    ),
    (
        "keras.models",
        "LinearModel WideDeepModel clone_model load_model model_from_config model_from_json \
         model_from_yaml save_model",
    ),
    (
        "keras.optimizers",
        "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer \
         Muon Nadam Optimizer OptimizerMap RMSprop SGD ScheduleFreeAdamW",
    ),
    (
        "keras.optimizers.schedules",
        "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule \
         PiecewiseConstantDecay PolynomialDecay",
    ),
    (
        "keras.regularizers",
        "L1 L1L2 L2 OrthogonalRegularizer Regularizer l1 l1_l2 l2 orthogonal_regularizer",
    ),
    (
        "keras.src.layers.attention.grouped_query_attention",
        "GroupedQueryAttention",
    ),
    (
        "keras.src.layers.preprocessing.feature_space",
        "Feature TFDConcat TFDIdentity",
    ),
    (
        "keras.src.metrics.base_metric",
        "SumOverBatchSizeMetricWrapper",
    ),
    (
        "keras.src.ops.core",
        "AssociativeScan Cast Cond ConvertToTensor ForiLoop Map SaturateCast Scan Scatter ScatterUpdate \
         Slice SliceUpdate StopGradient Switch Unstack VectorizedMap WhileLoop",
    ),
    ("keras.src.ops.einops", "Rearrange"),
    ("keras.src.ops.function", "Function"),
    (
        "keras.src.ops.image",
        "AffineTransform CropImages ElasticTransform ExtractPatches ExtractPatches3D GaussianBlur \
         HSVToRGB MapCoordinates PadImages PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM \
         ScaleAndTranslate SobelEdges",
    ),
    (
        "keras.src.ops.linalg",
        "Cholesky CholeskyInverse Det Eig Eigh Inv JVP Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve \
         SolveTriangular",
    ),
    (
        "keras.src.ops.math",
        "CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT \
         Rsqrt SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum TopK ViewAsComplex \
         ViewAsReal",
    ),
    (
        "keras.src.ops.nn",
        "AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm CTCDecode CTCLoss Celu Conv \
         ConvTranspose CtcLoss DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu Glu \
         HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool \
         Moments MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu \
         SoftShrink Softplus Softsign SpaceToDepth SparsePlus SparseSigmoid Sparsemax Squareplus \
         TanhShrink Threshold Unfold",
    ),
    (
        "keras.src.ops.numpy",
        "Abs Absolute All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan \
         Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit Bartlett Bincount BitwiseAnd \
         BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor Blackman \
         BroadcastTo Cbrt Ceil Clip Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero Cross \
         Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dsplit Dstack \
         Einsum Empty EmptyLike Equal Exp Exp2 ExpandDims Expm1 Eye Fabs Flip Fliplr Flipud Floor \
         FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater GreaterEqual Hamming \
         Hanning Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan \
         Isneginf Isposinf Isreal Kaiser Kron Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10 Log1p \
         Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Matmul Max Median \
         Meshgrid Min Mod Moveaxis NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean \
         Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter \
         Nonzero NotEqual OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real \
         Reciprocal Repeat RightShift Roll Rot90 Round SearchSorted Select Sign Signbit Sin Sinc Sinh \
         Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Swapaxes Take TakeAlongAxis Tan Tanh \
         Tensordot Tile Trace Transpose Trapezoid Tri Tril Triu TrueDivide Trunc Unique UnravelIndex \
         Vander Var Vdot View Vsplit Vstack Where ZerosLike",
    ),
];
